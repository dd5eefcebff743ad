import { pbkdf2 } from 'node:crypto'
import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { binariesIn, embeddedBinaries, startEmbeddedPostgres, type EmbeddedPostgres } from '@cairn/infra/embedded'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { queryOnce } from '../../support/query-once.ts'

let home: string
let dataDir: string
const running: EmbeddedPostgres[] = []

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'cairn-embedded-'))
  dataDir = join(home, 'data')
})

afterEach(async () => {
  for (const server of running.splice(0)) await server.stop()
  await rm(home, { recursive: true, force: true })
})

async function start(options: Partial<Parameters<typeof startEmbeddedPostgres>[0]> = {}): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDir, ...options })
  running.push(server)
  return server
}

describe('an embedded PostgreSQL', () => {
  test('is made at the first start: UTF-8, C order, durable, with a password that only its owner reads', async () => {
    const server = await start()
    const [row] = await queryOnce(
      server.url,
      `select current_setting('server_encoding') as encoding, datcollate as collate, current_setting('fsync') as fsync,
         current_setting('synchronous_commit') as commit, current_setting('password_encryption') as passwords
       from pg_database where datname = current_database()`,
    )
    expect(row).toEqual({ encoding: 'UTF8', collate: 'C', fsync: 'on', commit: 'on', passwords: 'scram-sha-256' })
    expect(server.attached).toBe(false)
    expect(server.version).toMatch(/^18\./)
    expect((await stat(join(dataDir, 'cairn-password'))).mode & 0o777).toBe(0o600)
    expect(await readdir(home)).toEqual(['data'])
  })

  test('refuses a wrong password, and any address but 127.0.0.1', async () => {
    const server = await start()
    const wrong = new URL(server.url)
    wrong.password = 'guess'
    await expect(queryOnce(wrong.href, 'select 1')).rejects.toMatchObject({ code: '28P01' })
    const elsewhere = Object.values(networkInterfaces()).flatMap((all) =>
      (all ?? []).filter(({ family, internal }) => family === 'IPv4' && !internal),
    )
    for (const { address } of [...elsewhere, { address: '127.0.0.2' }]) {
      const outside = new URL(server.url)
      outside.hostname = address
      await expect(queryOnce(outside.href, 'select 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    }
    expect(await queryOnce(server.url, `select current_setting('unix_socket_directories') as folders`)).toEqual([{ folders: '' }])
  })

  test('keeps its data and its port over a stop and a start', async () => {
    const first = await start()
    await queryOnce(first.url, 'create table kept as select 42 as answer')
    await Promise.all([first.stop(), first.stop()])
    await first.stop()
    await expect(queryOnce(first.url, 'select 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    const second = await start()
    expect(second.port).toBe(first.port)
    expect(await queryOnce(second.url, 'select answer from kept')).toEqual([{ answer: 42 }])
  })

  test('takes another port when its last one is used by now', async () => {
    const first = await start()
    await first.stop()
    await using other = await listener(first.port)
    const second = await start()
    expect(second.port).not.toBe(other.port)
    expect(await queryOnce(second.url, 'select 1 as one')).toEqual([{ one: 1 }])
  })

  test('takes settings, which last for one run', async () => {
    const tuned = await start({ settings: { work_mem: '12MB', fsync: 'off' } })
    expect(await queryOnce(tuned.url, `select current_setting('work_mem') as mem, current_setting('fsync') as fsync`)).toEqual([
      { mem: '12MB', fsync: 'off' },
    ])
    await tuned.stop()
    const plain = await start()
    expect(await queryOnce(plain.url, `select current_setting('work_mem') as mem, current_setting('fsync') as fsync`)).toEqual([
      { mem: '4MB', fsync: 'on' },
    ])
  })

  test('is started once by many who try at the same instant, and the others attach', async () => {
    await (await start()).stop()
    for (let round = 0; round < 3; round++) {
      const all = await Promise.all(Array.from({ length: 6 }, () => start()))
      expect(all.filter(({ attached }) => !attached)).toHaveLength(1)
      expect(new Set(all.map(({ url }) => url)).size).toBe(1)
      expect(JSON.parse(await readFile(join(dataDir, 'cairn-owner.json'), 'utf8'))).toMatchObject({
        owner: { pid: process.pid },
        serverPid: Number.parseInt(await readFile(join(dataDir, 'postmaster.pid'), 'utf8'), 10),
      })
      for (const server of all) await server.stop()
    }
  })

  test('is attached to, not fought, when it runs already; the attached one leaves it running', async () => {
    const first = await start()
    const second = await start()
    expect(second).toMatchObject({ attached: true, port: first.port, url: first.url })
    await second.stop()
    expect(await queryOnce(first.url, 'select 1 as one')).toEqual([{ one: 1 }])
  })
})

describe('an embedded PostgreSQL says what is wrong', () => {
  test('when the port that was asked for is taken', async () => {
    await using other = await listener(0)
    await expect(start({ port: other.port })).rejects.toMatchObject({
      code: 'CAIRN_PORT_TAKEN',
      message: expect.stringContaining(`Port ${other.port} on 127.0.0.1 is used`),
    })
  })

  test('when the data folder is of another major version', async () => {
    const server = await start()
    await server.stop()
    await writeFile(join(dataDir, 'PG_VERSION'), '14\n')
    await expect(start()).rejects.toMatchObject({
      code: 'CAIRN_DATA_FOLDER_VERSION',
      message: expect.stringContaining('belongs to PostgreSQL 14, but these programs are PostgreSQL 18'),
    })
  })

  test('when something else lies in the data folder, which is left as it is', async () => {
    await mkdir(dataDir)
    await writeFile(join(dataDir, 'letter.txt'), 'dear reader')
    await expect(start()).rejects.toMatchObject({ code: 'CAIRN_DATA_FOLDER', message: expect.stringContaining('is not empty') })
    expect(await readFile(join(dataDir, 'letter.txt'), 'utf8')).toBe('dear reader')
  })

  test('when the folder above cannot be written', async () => {
    await writeFile(join(home, 'file'), '')
    dataDir = join(home, 'file', 'data')
    await expect(start()).rejects.toMatchObject({ code: 'CAIRN_DATA_FOLDER' })
  })

  test('when the program ends at once, before files that are closed meanwhile are closed', async () => {
    await (await start()).stop()
    const binaries = { ...(await embeddedBinaries()), postgres: process.execPath }
    const over = new AbortController()
    // Work for the threads that also open and close files: it holds each of those up.
    const busy = async (): Promise<void> => {
      while (!over.signal.aborted) await promisify(pbkdf2)('a', 'b', 100_000, 64, 'sha512')
    }
    const threads = Array.from({ length: 8 }, busy)
    await expect(start({ binaries })).rejects.toMatchObject({ code: 'CAIRN_POSTGRES_START' })
    over.abort()
    await Promise.all(threads)
  })

  test('when programs are missing', async () => {
    await expect(binariesIn(home)).rejects.toMatchObject({
      code: 'CAIRN_POSTGRES_BINARIES_MISSING',
      message: expect.stringContaining(join(home, 'initdb')),
    })
  })

  test('when PostgreSQL itself refuses to start, with its own words', async () => {
    await expect(start({ settings: { work_mem: 'plenty' } })).rejects.toMatchObject({
      code: 'CAIRN_POSTGRES_START',
      message: expect.stringContaining('invalid value for parameter "work_mem": "plenty"'),
    })
    expect((await start()).attached).toBe(false)
  })
})

async function listener(port: number): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
