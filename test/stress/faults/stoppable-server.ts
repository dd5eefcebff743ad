import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { removeDataFolder, startEmbeddedPostgres } from '@cairn/infra/embedded'

/** A server of our own that can be stopped as if the machine had lost its power, and started again at the same address. */
export interface StoppableServer {
  readonly url: string
  /** Immediate stop: no checkpoint, sessions cut off, commits in flight left to the log. */
  kill(): Promise<void>
  /** Starts it again after a `kill`, on the same data and port. */
  start(): Promise<void>
  /** Both. */
  restart(): Promise<void>
  stop(): Promise<void>
}

export async function startStoppableServer(): Promise<StoppableServer> {
  const dataDir = join(tmpdir(), `cairn-stress-${randomBytes(6).toString('hex')}`)
  const settings = { max_connections: '200' }
  let server = await startEmbeddedPostgres({ dataDir, settings })
  const { url, port } = server
  const kill = async (): Promise<void> => {
    const [line = ''] = (await readFile(join(dataDir, 'postmaster.pid'), 'utf8')).split('\n')
    const pid = Number.parseInt(line, 10)
    process.kill(pid, 'SIGQUIT')
    while (isAlive(pid)) await sleep(10)
  }
  const start = async (): Promise<void> => {
    server = await startEmbeddedPostgres({ dataDir, port, settings })
  }
  return {
    url,
    kill,
    start,
    async restart() {
      await kill()
      await start()
    },
    async stop() {
      await server.stop()
      await removeDataFolder(dataDir)
    },
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
