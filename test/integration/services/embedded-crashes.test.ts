import { spawn, spawnSync } from 'node:child_process'
import { cp, chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { embeddedBinaries, startEmbeddedPostgres, type EmbeddedPostgres } from '@cairn/infra/embedded'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { eventually, killAllIn, makePath, processesIn } from '../../support/processes.ts'
import { queryOnce } from '../../support/query-once.ts'
import { startEmbeddedChild, type EmbeddedChild } from '../../support/start-embedded-child.ts'

/** How the server is tied to its parent depends on what the PATH offers and the kernel allows; each tie must hold. */
const isRoot = process.getuid?.() === 0
const works = (file: string, ...args: readonly string[]): boolean => spawnSync(file, [...args, 'true']).status === 0
const ties = [
  { name: 'a user namespace and the kernel’s signal', programs: ['unshare', 'setpriv', 'true'] },
  { name: 'a user namespace and the watching process', programs: ['unshare', 'true'] },
  { name: 'an unprivileged account and the kernel’s signal', programs: ['setpriv', 'true'] },
  { name: 'an unprivileged account and the watching process', programs: [] },
]
  .filter(({ programs }) => !programs.includes('unshare') || (isRoot && works('unshare', '-U', '--map-user=1000', '--map-group=1000')))
  .filter(({ programs }) => !programs.includes('setpriv') || works('setpriv', '--pdeathsig', 'INT'))

let home: string
let dataDir: string
const children: EmbeddedChild[] = []
const servers: EmbeddedPostgres[] = []

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'cairn-embedded-'))
  await chmod(home, 0o755)
  dataDir = join(home, 'data')
})

afterEach(async () => {
  for (const child of children.splice(0)) await child.kill()
  for (const server of servers.splice(0)) await server.stop()
  await killAllIn(dataDir)
  await rm(home, { recursive: true, force: true })
})

function startChild(options?: Parameters<typeof startEmbeddedChild>[1]): EmbeddedChild {
  const child = startEmbeddedChild(dataDir, options)
  children.push(child)
  return child
}

async function startHere(): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDir })
  servers.push(server)
  return server
}

async function pathOf(programs: readonly string[]): Promise<string> {
  const path = join(home, 'path')
  await mkdir(path)
  await makePath(path, programs)
  return path
}

async function serverPid(): Promise<number> {
  return Number.parseInt(await readFile(join(dataDir, 'postmaster.pid'), 'utf8'), 10)
}

describe('kill -9 of the process that started the server', () => {
  test.for(ties)('leaves no server, and the data are whole, with $name', async ({ programs }) => {
    // An account cannot reach programs in a closed folder, and who knows where this checkout lies.
    const copy = join(home, 'programs')
    await cp(dirname(dirname((await embeddedBinaries()).postgres)), copy, { recursive: true, verbatimSymlinks: true })
    const path = await pathOf(programs)
    const child = startChild({ path, programs: join(copy, 'bin') })
    const { url } = await child.up()
    await queryOnce(url, 'create table kept as select generate_series(1, 1000) as n')
    const pid = await serverPid()
    expect(await processesIn(dataDir)).toContain(pid)
    expect((await stat(dataDir)).uid === 0).toBe(isRoot && programs.includes('unshare'))

    await child.kill()

    expect(await eventually(async () => (await processesIn(dataDir)).length === 0)).toBe(true)
    const next = startChild({ path, programs: join(copy, 'bin') })
    const again = await next.up()
    expect(again.attached).toBe(false)
    expect(await queryOnce(again.url, 'select count(*)::int as n from kept')).toEqual([{ n: 1000 }])
    await next.end()
    expect(await processesIn(dataDir)).toEqual([])
  })

  test('does not disturb the next start, however soon it comes', async () => {
    for (let round = 0; round < 5; round++) {
      const child = startChild()
      const { url, attached } = await child.up()
      expect(attached).toBe(false)
      await queryOnce(url, round === 0 ? 'create table rounds (n int)' : `insert into rounds values (${round})`)
      await child.kill()
    }
    const server = await startHere()
    expect(await queryOnce(server.url, 'select array_agg(n order by n) as rounds from rounds')).toEqual([{ rounds: [1, 2, 3, 4] }])
  })

  test('at any moment of the first start leaves nothing that the next start stumbles over', async () => {
    for (const afterMs of [150, 250, 350, 450, 600, 750]) {
      const child = startChild()
      await delay(afterMs)
      await child.kill()
    }
    const server = await startHere()
    expect(await queryOnce(server.url, 'select 1 as one')).toEqual([{ one: 1 }])
    expect((await readdir(home)).filter((name) => name.startsWith('data'))).toEqual(['data'])
  })
})

describe('what a crash left behind', () => {
  test('an orphan server is ended by the next start, which runs its own', async () => {
    const child = startChild({ path: await pathOf(isRoot ? ['unshare', 'true'] : []) })
    await child.up()
    const orphan = await serverPid()
    // Without its watching process the server outlives its parent: the case that the next start must find.
    let watcher: number | undefined
    expect(await eventually(async () => ([watcher] = await watchersOf(orphan)).length > 0)).toBe(true)
    if (watcher === undefined) throw new Error('Nobody watches the server.')
    process.kill(watcher, 'SIGKILL')
    await child.kill()
    // Long enough for a shutdown, had it been asked for one.
    await delay(300)
    expect(await processesIn(dataDir)).toContain(orphan)

    const server = await startHere()

    expect(server.attached).toBe(false)
    expect(await processesIn(dataDir)).not.toContain(orphan)
    expect(await queryOnce(server.url, 'select 1 as one')).toEqual([{ one: 1 }])
  })

  test('a killed server is recovered from its log', async () => {
    const child = startChild()
    const { url } = await child.up()
    await queryOnce(url, 'create table kept as select 42 as answer')
    process.kill(await serverPid(), 'SIGKILL')
    await child.kill()

    const server = await startHere()

    expect(server.attached).toBe(false)
    expect(await queryOnce(server.url, 'select answer from kept')).toEqual([{ answer: 42 }])
  })

  test('a lock file whose process number belongs to another program by now is no obstacle', async () => {
    const first = await startHere()
    const lock = await readFile(join(dataDir, 'postmaster.pid'), 'utf8')
    await first.stop()
    const other = spawn('sleep', ['60'], { stdio: 'ignore' })
    try {
      await writeFile(join(dataDir, 'postmaster.pid'), lock.replace(/^\d+/, String(other.pid)))
      const server = await startHere()
      expect(server.attached).toBe(false)
      expect(other.exitCode).toBeNull()
    } finally {
      other.kill()
    }
  })
})

test('of several processes that start at once on a new folder one runs the server and the others attach', async () => {
  const up = await Promise.all(Array.from({ length: 4 }, () => startChild().up()))
  expect(up.filter(({ attached }) => !attached)).toHaveLength(1)
  expect(new Set(up.map(({ url }) => url)).size).toBe(1)
  for (const { url } of up) expect(await queryOnce(url, 'select 1 as one')).toEqual([{ one: 1 }])
  expect((await readdir(home)).filter((name) => name.startsWith('data'))).toEqual(['data'])
})

test.for(isRoot ? ['root'] : [])('an account that cannot pass through a folder is told which, and what to do, by %s', async () => {
  await chmod(home, 0o700)
  const child = startChild({ path: await pathOf([]) })
  expect(await child.answer).toEqual({ refused: expect.stringContaining(`may not pass through ${home}`) })
  expect(await child.answer).toEqual({ refused: expect.stringContaining(`chmod o+x ${home}`) })
})

/** The small processes whose arguments name a server to watch. */
async function watchersOf(server: number): Promise<number[]> {
  const found: number[] = []
  for (const entry of await readdir('/proc')) {
    const words = /^\d+$/.test(entry) ? (await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '')).split('\0') : []
    if (words.includes('cairn-postgres-watch') && words.includes(String(server))) found.push(Number(entry))
  }
  return found
}
