import { spawn } from 'node:child_process'
import { chown, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { callAs, chooseRunAs, freePort, hasDeathSignal } from '@cairn/infra/embedded'
import { leftFolders, newFolderName } from '../own-folders.ts'
import { serverVersion } from '../postgres/server-version.ts'
import { ServiceUnavailableError } from '../service-unavailable-error.ts'
import { findPgBouncer } from './pgbouncer-program.ts'

export interface PgBouncerService {
  /** The server's address through PgBouncer: same user, same password, any database, any role with a password. */
  readonly url: string
  readonly port: number
  /** As `1.24.1`. */
  readonly version: string
  /** The same database and login, through PgBouncer. */
  through(url: string): string
  /** May be called again. */
  stop(): Promise<void>
}

export interface ProvidePgBouncerOptions {
  /** Server connections per database and role. @default 20 */
  readonly poolSize?: number
  /** Prepared statements kept per server connection. @default 200 */
  readonly maxPreparedStatements?: number
  /** Further lines of its configuration's `[pgbouncer]` section. */
  readonly settings?: Readonly<Record<string, string | number>>
}

const prefix = 'cairn-test-pgbouncer'

/**
 * PgBouncer before a server, pooling transactions, with prepared statements.
 *
 * @throws ServiceUnavailableError
 */
export async function providePgBouncer(serverUrl: string, options: ProvidePgBouncerOptions = {}): Promise<PgBouncerService> {
  const program = await findPgBouncer()
  for (const left of await leftFolders(prefix)) await rm(left, { recursive: true, force: true })
  const home = newFolderName(prefix)
  const runAs = await chooseRunAs(home)
  const port = await freePort()
  await mkdir(home, { mode: 0o700 })
  const files = { 'pgbouncer.ini': configuration(new URL(serverUrl), home, port, options), 'users.txt': userList(new URL(serverUrl)) }
  for (const [name, text] of Object.entries(files)) await writeFile(join(home, name), text, { mode: 0o600 })
  if (runAs.kind === 'account') {
    for (const path of [home, ...Object.keys(files).map((name) => join(home, name))]) await chown(path, runAs.uid, runAs.gid)
  }
  const call = callAs(runAs, program.file, [...program.args, join(home, 'pgbouncer.ini')], await hasDeathSignal())
  const { uid, gid } = call
  const child = spawn(call.file, call.args, {
    stdio: 'ignore',
    detached: true,
    cwd: '/',
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  })
  child.unref()
  const ended = new Promise<'ended'>((resolve) => {
    child.once('exit', () => resolve('ended'))
    child.once('error', () => resolve('ended'))
  })
  const stop = async (): Promise<void> => {
    child.ref()
    // Immediate: the gentler signals wait for clients to leave.
    child.kill('SIGQUIT')
    await ended
    await rm(home, { recursive: true, force: true })
  }
  const through = (url: string): string => {
    const pooled = new URL(url)
    pooled.hostname = '127.0.0.1'
    pooled.port = String(port)
    return pooled.href
  }
  let stopped: Promise<void> | undefined
  const service = { url: through(serverUrl), port, version: program.version, through, stop: () => (stopped ??= stop()) }
  const answered = serverVersion(service.url, 10_000).then(
    () => 'answered' as const,
    () => 'silent' as const,
  )
  if ((await Promise.race([ended, answered])) !== 'answered') {
    const log = await readFile(join(home, 'pgbouncer.log'), 'utf8').catch(() => '')
    await service.stop()
    throw new ServiceUnavailableError(
      'pgbouncer',
      `PgBouncer ${program.version} did not start: ${log.trim().split('\n').slice(-5).join('\n')}`,
    )
  }
  return service
}

function configuration(server: URL, home: string, port: number, options: ProvidePgBouncerOptions): string {
  const superuser = decodeURIComponent(server.username)
  const settings = {
    listen_addr: '127.0.0.1',
    listen_port: port,
    unix_socket_dir: '',
    pool_mode: 'transaction',
    default_pool_size: options.poolSize ?? 20,
    max_client_conn: 1_000,
    max_prepared_statements: options.maxPreparedStatements ?? 200,
    auth_type: 'scram-sha-256',
    auth_file: join(home, 'users.txt'),
    // Roles that tests make are asked for at the server, and their SCRAM secrets serve both ways.
    auth_user: superuser,
    auth_dbname: 'postgres',
    auth_query: 'select rolname, rolpassword from pg_catalog.pg_authid where rolname = $1 and rolcanlogin',
    logfile: join(home, 'pgbouncer.log'),
    ...options.settings,
  }
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`)
  return ['[databases]', `* = host=${server.hostname} port=${server.port === '' ? '5432' : server.port}`, '[pgbouncer]', ...lines, ''].join(
    '\n',
  )
}

function userList({ username, password }: URL): string {
  return `${[username, password].map((text) => `"${decodeURIComponent(text).replaceAll('"', '""')}"`).join(' ')}\n`
}
