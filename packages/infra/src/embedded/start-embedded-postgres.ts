import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { silentLogger, type LoggerPort } from '@cairn/core'
import { Client } from 'pg'
import { ensureDataFolder, ownFiles, readPassword, readRememberedPort } from './data-folder.ts'
import { PortTakenError, PostgresStartError } from './errors.ts'
import { freePort } from './free-port.ts'
import { embeddedBinaries, type PostgresBinaries } from './postgres-binaries.ts'
import { chooseRunAs } from './run-as.ts'
import { endOrphan, findRunningServer, type RunningServer } from './running-server.ts'
import { startServerProcess, type ServerProcess } from './server-process.ts'

export interface EmbeddedPostgresOptions {
  /** Where the database lives; made at the first start. */
  readonly dataDir: string
  /** The TCP port on 127.0.0.1. @default the one of the last run if it is free, else a free one */
  readonly port?: number
  /** @default silent. PostgreSQL's own log is the file `cairn-server.log` in the data folder. */
  readonly logger?: LoggerPort
  /** PostgreSQL settings for this run, as `{ shared_buffers: '512MB' }`. Durability stays on unless turned off here. */
  readonly settings?: Readonly<Record<string, string>>
  /** Another PostgreSQL to run. @default the programs from npm */
  readonly binaries?: PostgresBinaries
}

export interface EmbeddedPostgres {
  /** The address of the database `postgres`, as superuser. Holds the password. */
  readonly url: string
  readonly port: number
  readonly dataDir: string
  /** True when the server was running already, started by another process that is still there; it ends with that one. */
  readonly attached: boolean
  /** As `18.4`. */
  readonly version: string
  /** Fast shutdown: sessions are ended, everything is written. Does nothing to an attached server. May be called again. */
  stop(): Promise<void>
}

/**
 * Starts PostgreSQL on a data folder, or attaches to the server that another process of ours runs on it.
 *
 * The server never outlives the thread that started it, however that ends: on Linux the kernel tells it (`setpriv
 * --pdeathsig`), elsewhere a small watching process does. What a crash of both left behind is found and ended by the
 * next start. As root, which PostgreSQL refuses, it runs in a user namespace or as an unprivileged account.
 *
 * @throws PostgresBinariesMissingError | PortTakenError | DataFolderVersionError | DataFolderError | PostgresStartError
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const dataDir = resolve(options.dataDir)
  const logger = (options.logger ?? silentLogger).child({ component: 'embedded-postgres' })
  const binaries = options.binaries ?? (await embeddedBinaries())
  const runAs = await chooseRunAs(dataDir)
  await ensureDataFolder(dataDir, binaries, runAs)
  const password = await readPassword(dataDir)
  const urlAt = (port: number): string => `postgres://postgres:${password}@127.0.0.1:${port}/postgres`
  const result = (port: number, attached: boolean, stop: () => Promise<void>): EmbeddedPostgres => ({
    url: urlAt(port),
    port,
    dataDir,
    attached,
    version: binaries.version,
    stop,
  })

  // Others may start, stop or be killed at the same time: look, act on what was seen, and look again when it changed.
  const until = Date.now() + 60_000
  let inTheWay = ''
  for (;;) {
    const running = await findRunningServer(dataDir)
    if (running?.orphan === true) {
      logger.warn('a server left behind by an ended process is stopped first', { dataDir, serverPid: running.pid })
      await endOrphan(dataDir, running.pid)
    } else if (running !== undefined) {
      if (await answers(running, urlAt(running.port))) {
        logger.info('attached to the running server', { dataDir, port: running.port, serverPid: running.pid })
        if (options.port !== undefined && options.port !== running.port) {
          logger.warn('the running server has another port than the one asked for', { port: running.port, asked: options.port })
        }
        return result(running.port, true, () => Promise.resolve())
      }
    } else {
      const port = await choosePort(options.port, dataDir)
      const started = await startServerProcess(dataDir, port, binaries, runAs, options.settings ?? {})
      if ('stop' in started) {
        await writeFile(join(dataDir, ownFiles.port), String(port))
        logger.info('started', { dataDir, port, version: binaries.version })
        return result(port, false, watched(started, logger))
      }
      if (started.reason === 'other') throw didNotStart(dataDir, started.output)
      if (started.reason === 'port-taken' && options.port !== undefined) throw new PortTakenError(port)
      inTheWay = started.output
    }
    if (Date.now() > until) throw didNotStart(dataDir, `another server on this folder neither answered nor ended within 60 s. ${inTheWay}`)
    await delay(50)
  }
}

async function choosePort(asked: number | undefined, dataDir: string): Promise<number> {
  const wanted = asked ?? (await readRememberedPort(dataDir))
  const port = await freePort(wanted)
  if (asked !== undefined && port !== asked) throw new PortTakenError(asked)
  return port
}

/** True when the server takes our password; false while it starts or stops. */
async function answers(server: RunningServer, url: string): Promise<boolean> {
  if (!server.ready) return false
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.end()
    return true
  } catch (error) {
    // Wrong password (28P01): the server is not ours, and waiting will not change that.
    if (error instanceof Error && 'code' in error && error.code === '28P01') {
      throw new PostgresStartError(
        `A PostgreSQL server runs on this data folder on port ${server.port}, but refuses the password kept there. Stop it, or correct the file ${ownFiles.password}.`,
        { port: server.port, pid: server.pid },
        error,
      )
    }
    return false
  }
}

/** stop(), with a line in the log when the server ends without it. */
function watched(server: ServerProcess, logger: LoggerPort): () => Promise<void> {
  let asked = false
  const report = async (): Promise<void> => {
    await server.ended
    if (!asked) logger.error('the embedded PostgreSQL server ended by itself; its log is in the data folder', { file: ownFiles.log })
  }
  void report()
  return () => {
    asked = true
    return server.stop()
  }
}

function didNotStart(dataDir: string, output: string): PostgresStartError {
  const tail = output.trim().split('\n').slice(-15).join('\n')
  return new PostgresStartError(`PostgreSQL did not start on ${dataDir}: ${tail}\nIts log is ${join(dataDir, ownFiles.log)}.`, { dataDir })
}
