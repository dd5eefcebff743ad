import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { embeddedBinaries } from '@cairn/infra/embedded'
import { createDatabase, providePostgres, type PostgresService, type ProvidePostgresOptions } from '@cairn/testing/services'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { eventually } from '../../support/processes.ts'
import { queryOnce } from '../../support/query-once.ts'

/** A machine with nothing on it: no address, no engine, no PATH. */
const bare = { DOCKER_HOST: 'unix:///nowhere/docker.sock', PATH: '' }
const provided: PostgresService[] = []

async function provide(options: ProvidePostgresOptions): Promise<{ readonly server: PostgresService; readonly lines: readonly string[] }> {
  const lines: string[] = []
  const server = await providePostgres({ ...options, log: (line) => lines.push(line) })
  provided.push(server)
  return { server, lines }
}

async function foldersLeft(pid: number): Promise<string[]> {
  return (await readdir(tmpdir())).filter((name) => name.startsWith(`cairn-test-postgres-${pid}-`))
}

let shared: PostgresService

beforeAll(async () => {
  shared = await providePostgres({ kind: 'embedded', log: () => undefined })
})

afterEach(async () => {
  for (const server of provided.splice(0)) await server.stop()
})

afterAll(() => shared.stop())

describe('providePostgres', () => {
  test('takes the address in the environment first, and leaves that server running', async () => {
    const { server, lines } = await provide({ env: { ...bare, CAIRN_TEST_DATABASE_URL: shared.url } })
    expect(server).toMatchObject({ kind: 'environment', url: shared.url, version: shared.version })
    const { port } = new URL(shared.url)
    expect(lines).toEqual([`Test PostgreSQL: environment, version ${shared.version}, at 127.0.0.1:${port}.`])
    await server.stop()
    expect(await queryOnce(shared.url, 'select 1 as one')).toEqual([{ one: 1 }])
  })

  test('does not go on to another server when the one in the environment does not answer', async () => {
    await expect(provide({ env: { ...bare, CAIRN_TEST_DATABASE_URL: 'postgres://postgres@127.0.0.1:9/postgres' } })).rejects.toMatchObject({
      code: 'CAIRN_TEST_SERVICE_UNAVAILABLE',
      message: expect.stringContaining('CAIRN_TEST_DATABASE_URL does not answer'),
    })
  })

  test('takes programs on the PATH before those from npm, durable, and removes their data', async () => {
    const folder = dirname((await embeddedBinaries()).postgres)
    const { server, lines } = await provide({ env: { ...bare, PATH: folder } })
    expect(server.kind).toBe('binary')
    expect(lines).toHaveLength(1)
    expect(
      await queryOnce(server.url, `select current_setting('fsync') as fsync, rolsuper from pg_roles where rolname = current_user`),
    ).toEqual([{ fsync: 'on', rolsuper: true }])
    const before = (await foldersLeft(process.pid)).length
    await server.stop()
    expect(await foldersLeft(process.pid)).toHaveLength(before - 1)
  })

  test('takes settings', async () => {
    const { server } = await provide({ kind: 'embedded', env: bare, settings: { fsync: 'off' } })
    expect(await queryOnce(server.url, `select current_setting('fsync') as fsync`)).toEqual([{ fsync: 'off' }])
  })

  test('says why it passes over an engine that answers but brings no container', async () => {
    // A Docker engine that is there and refuses everything, as one without access to images does.
    const home = await mkdtemp(join(tmpdir(), 'cairn-engine-'))
    const engine = createServer((request, response) => response.writeHead(request.url === '/_ping' ? 200 : 500).end('no'))
    try {
      await once(engine.listen(join(home, 'docker.sock')), 'listening')
      const env = { ...bare, DOCKER_HOST: `unix://${join(home, 'docker.sock')}`, PATH: dirname((await embeddedBinaries()).postgres) }
      vi.stubEnv('DOCKER_HOST', env.DOCKER_HOST)
      const { server, lines } = await provide({ env })
      expect(server.kind).toBe('binary')
      expect(lines).toEqual([expect.stringMatching(/^Test PostgreSQL: container passed over: ./), expect.stringContaining('binary')])
    } finally {
      vi.unstubAllEnvs()
      engine.close()
      engine.closeAllConnections()
      await rm(home, { recursive: true })
    }
  })

  test.for(['environment', 'container'] as const)('fails when only %s is allowed and it cannot be had', async (kind) => {
    await expect(provide({ env: { ...bare, CAIRN_TEST_POSTGRES: kind } })).rejects.toMatchObject({
      code: 'CAIRN_TEST_SERVICE_UNAVAILABLE',
      message: expect.stringContaining(`only "${kind}" was allowed`),
    })
  })

  test('refuses an unknown way by name', async () => {
    await expect(provide({ env: { ...bare, CAIRN_TEST_POSTGRES: 'floppy' } })).rejects.toMatchObject({
      message: expect.stringContaining('CAIRN_TEST_POSTGRES is "floppy", but must be one of environment, container, binary, embedded'),
    })
  })

  test('a run that was killed leaves no server, and the next run removes its data', async () => {
    // Their own temporary files: any other test file that starts a server would be the next run.
    const own = await mkdtemp(join(tmpdir(), 'cairn-runs-'))
    await chmod(own, 0o755)
    onTestFinished(async () => {
      vi.unstubAllEnvs()
      await rm(own, { recursive: true, force: true })
    })
    vi.stubEnv('TMPDIR', own)
    const program = fileURLToPath(new URL('../../support/provide-child.ts', import.meta.url))
    const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] })
    const { pid = 0 } = child
    const [url] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
    const exit = once(child, 'exit')
    child.kill('SIGKILL')
    // Until then its number is that of a process that is there.
    await exit
    expect(
      await eventually(() =>
        queryOnce(url, 'select 1').then(
          () => false,
          () => true,
        ),
      ),
    ).toBe(true)
    expect(await foldersLeft(pid)).toHaveLength(1)
    const { server } = await provide({ kind: 'embedded', env: bare })
    expect(await foldersLeft(pid)).toEqual([])
    await server.stop()
  })
})

describe('createDatabase', () => {
  test('copies a template, each time under another name', async () => {
    const template = await createDatabase(shared.url)
    await queryOnce(template.url, 'create table stones as select 3 as n')
    const copies = await Promise.all(Array.from({ length: 4 }, () => createDatabase(shared.url, { template: template.name })))
    expect(new Set(copies.map(({ name }) => name)).size).toBe(4)
    await queryOnce(copies[0]?.url ?? '', 'update stones set n = 4')
    expect(await queryOnce(copies[1]?.url ?? '', 'select n from stones')).toEqual([{ n: 3 }])
    await Promise.all(copies.map((copy) => copy.drop()))
    expect(
      await queryOnce(shared.url, 'select datname from pg_database where datname = any ($1)', [copies.map(({ name }) => name)]),
    ).toEqual([])
  })

  test('drops a database in spite of open connections', async () => {
    const database = await createDatabase(shared.url)
    const held = queryOnce(database.url, 'select pg_sleep(60)').catch((error: unknown) => error)
    await eventually(
      async () => (await queryOnce(shared.url, 'select 1 from pg_stat_activity where datname = $1', [database.name])).length === 1,
    )
    await database.drop()
    await database.drop()
    expect(await held).toMatchObject({ code: '57P01' })
  })
})
