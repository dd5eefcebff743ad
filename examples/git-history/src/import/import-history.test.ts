import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCairn, type Command, type CommandMiddleware, type NewCommand, type RecordedEvent } from '@cairn/cairn'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { contributorEvents, gitHistory } from '../domain/index.ts'
import { generateRepository } from '../generate/generate-repository.ts'
import { openRepository } from '../git/open-repository.ts'
import { collect } from '../testing/collect.ts'
import { lines, SandboxRepository } from '../testing/sandbox-repository.ts'
import { digestOf, type Digest } from './digest.ts'
import type { HistoryApp } from './history-app.ts'
import { importHistory, type ImportOptions, type ImportReport } from './import-history.ts'
import { readEvents } from './read-events.ts'

/** Commands that fail on their way, late enough for those sent after them to arrive. */
let fails: (command: NewCommand | Command) => boolean = () => false

const failure: CommandMiddleware = {
  process: async (message, next) => {
    if (!fails(message.command)) return next(message)
    await new Promise((resolve) => setTimeout(resolve, 50))
    throw new Error('killed')
  },
}

const newApp = (): Promise<HistoryApp> =>
  createCairn({ domains: [gitHistory], database: 'memory', aggregateCache: 100, middleware: [failure] })

let app: HistoryApp
let repository: SandboxRepository
beforeEach(async () => {
  fails = () => false
  app = await newApp()
  repository = new SandboxRepository()
})
afterEach(async () => {
  repository[Symbol.dispose]()
  await app.stop()
})

async function run(options: Partial<ImportOptions> = {}): Promise<ImportReport> {
  return importHistory({ app, repository: await openRepository(repository.folder), ...options })
}

async function stored(): Promise<RecordedEvent[]> {
  const { id } = await openRepository(repository.folder)
  return collect(readEvents(app.events, id))
}

async function storedCommits(): Promise<string[]> {
  return (await stored()).flatMap((event) => (contributorEvents.is(event) ? [event.payload.commit] : []))
}

/** Subjects of the commits behind the events of files, in the order of the log. */
async function changesOfFiles(): Promise<string[]> {
  const commits = (await stored()).flatMap(({ aggregateType, payload }) =>
    aggregateType === 'file' && typeof payload === 'object' && payload !== null && 'commit' in payload ? [String(payload.commit)] : [],
  )
  return commits.map((sha) => repository.git('log', '-1', '--format=%s', sha))
}

describe('importHistory', () => {
  it('stores one event for each change of a file and one for each commit', async () => {
    repository.write('a', lines(3)).write('b', lines(2)).commit('one')
    repository
      .remove('a')
      .write('c', lines(3))
      .commit('two', { author: ['Bob', 'BOB@example.org'] })
    expect(await run()).toMatchObject({ commits: 2, total: 2, events: 5, known: 0, duplicates: 0, stopped: false })
    expect((await stored()).map((event) => [event.type, event.aggregateId.includes('@') ? event.aggregateId : '', event.version])).toEqual(
      expect.arrayContaining([
        ['file.added', '', 1],
        ['file.renamed', '', 2],
        ['contributor.contributed', 'ann@example.org', 1],
        ['contributor.contributed', 'bob@example.org', 1],
        ['repository.read', '', 1],
      ]),
    )
  })

  it('finds nothing new the second time', async () => {
    repository.write('a', '1').commit()
    await run()
    const before = await stored()
    expect(await run()).toMatchObject({ commits: 0, total: 0, known: 1 })
    expect(await stored()).toEqual(before)
  })

  it('imports only what is new, commits of side branches with older dates included', async () => {
    const base = repository.write('a', lines(5)).commit('base')
    const side = repository.write('side', '1').commit('side')
    const main = repository.goTo(base).write('a', lines(6)).commit('main')
    await run()
    expect(await storedCommits()).toEqual([base, main])
    repository.write('side', '1').commit('merge', { parents: [main, side] })
    expect(await run()).toMatchObject({ commits: 2, known: 2 })
    expect(new Set(await storedCommits()).size).toBe(4)
  })

  it('goes on from a limit, and ends with the same events as one run', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cairn-import-'))
    try {
      await generateRepository({ commits: 120, seed: 5, folder: join(folder, 'r.git') })
      const generated = await openRepository(join(folder, 'r.git'))
      for (const limit of [10, 1, 60, undefined]) await run({ repository: generated, limit })
      await using whole = await newApp()
      await importHistory({ app: whole, repository: generated })
      expect(await digestOf(app.events, generated.id)).toEqual(await digestOf(whole.events, generated.id))
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it('keeps the order of every stream with hundreds of commands on their way', async () => {
    for (let i = 0; i < 20; i++) repository.write('hot', `${i}\n`).commit(`${i}`)
    await run({ inFlight: 100 })
    const subjects = (await stored()).flatMap((event) => (contributorEvents.is(event) ? [event.payload.subject] : []))
    expect(subjects).toEqual(Array.from({ length: 20 }, (_, i) => String(i)))
  })

  it('stops when it is told to, keeps what is stored, and goes on later', async () => {
    for (let i = 0; i < 16; i++) repository.write(`f${i}`, `${i}\n`).commit()
    const stop = new AbortController()
    const report = await run({ inFlight: 4, signal: stop.signal, onProgress: ({ commits }) => commits === 5 && stop.abort() })
    expect(report.stopped).toBe(true)
    expect(report.commits).toBeGreaterThanOrEqual(5)
    expect(report.commits).toBeLessThan(16)
    expect(await run()).toMatchObject({ commits: 16 - report.commits, known: report.commits, duplicates: 0 })
  })

  it('keeps commits that a rewritten history dropped, and says how many', async () => {
    const base = repository.write('a', lines(5)).commit('base')
    repository.write('a', lines(6)).commit('dropped')
    await run()
    repository.goTo(base).write('a', lines(7)).commit('rewritten')
    expect(await run()).toMatchObject({ commits: 1, known: 1, unreachable: 1 })
    expect(await storedCommits()).toHaveLength(3)
  })

  it('answers the commands of commits that were cut short from their receipts', async () => {
    for (let i = 0; i < 12; i++) repository.write('a', `${i}\n`).write(`f${i}`, `${i}\n`).commit(`${i}`)
    let left = 17
    fails = () => left-- <= 0
    await expect(run()).rejects.toThrow('killed')
    fails = () => false
    const report = await run()
    expect(report.duplicates).toBeGreaterThan(0)
    expect(await digest()).toEqual(await digestOfWhole())
  })

  it('does not take a commit for done when one of its files is missing', async () => {
    for (let i = 0; i < 6; i++) repository.write(`f${i}`, `${i}\n`).write(`g${i}`, `${i}\n`).commit(`${i}`)
    fails = ({ payload }) => hasPath(payload, 'g3')
    await expect(run()).rejects.toThrow('killed')
    fails = () => false
    expect(await storedCommits()).toHaveLength(3)
    await run()
    expect(await digest()).toEqual(await digestOfWhole())
  })

  it('goes on behind a commit that was cut short while later ones were stored', async () => {
    // Two people, one file: Ann's third commit lacks its end, and Bob's behind it have theirs.
    for (let i = 0; i < 9; i++) repository.write('hot', `${i}\n`).commit(`${i}`, i % 3 === 2 ? {} : { author: ['Bob', 'bob@example.org'] })
    fails = ({ type, payload }) => type === 'contributor.contribute' && hasSubject(payload, '2')
    await expect(run({ limit: 7 })).rejects.toThrow('killed')
    fails = () => false
    expect((await storedCommits()).length).toBeGreaterThan(3)
    await run()
    expect(await digest()).toEqual(await digestOfWhole())
  })

  it('goes on from another branch behind commits that were cut short', async () => {
    const root = repository.write('hot', hot('0', '0')).commit('root')
    const y1 = repository.write('hot', hot('1', '0')).commit('y1')
    repository.goTo(root)
    for (const i of [1, 2, 3]) repository.write('hot', hot('0', String(i))).commit(`x${i}`)
    const topic = repository.git('rev-parse', 'HEAD')
    // Killed with the changes of x1 and x2 stored, and neither's end.
    fails = ({ type, payload }) => type === 'contributor.contribute' && (hasSubject(payload, 'x1') || hasSubject(payload, 'x2'))
    await expect(run({ limit: 3 })).rejects.toThrow('killed')
    fails = () => false
    expect(await storedCommits()).toEqual([root])
    expect(await changesOfFiles()).toEqual(['root', 'x1', 'x2'])
    repository
      .goTo(y1)
      .write('hot', hot('1', '3'))
      .commit('merge', { parents: [y1, topic] })
    expect(await run()).toMatchObject({ commits: 5, known: 1, duplicates: 2 })
    expect(await changesOfFiles()).toEqual(['root', 'x1', 'x2', 'y1', 'x3', 'merge'])
  })

  it('imports nothing from a repository without commits', async () => {
    expect(await run()).toMatchObject({ commits: 0, total: 0, known: 0 })
  })
})

async function digest(): Promise<Digest> {
  return digestOf(app.events, (await openRepository(repository.folder)).id)
}

/** Of the same history, imported without interruption. */
async function digestOfWhole(): Promise<Digest> {
  await using whole = await newApp()
  const opened = await openRepository(repository.folder)
  await importHistory({ app: whole, repository: opened })
  return digestOf(whole.events, opened.id)
}

function hasPath(payload: unknown, path: string): boolean {
  return typeof payload === 'object' && payload !== null && 'path' in payload && payload.path === path
}

function hasSubject(payload: unknown, subject: string): boolean {
  return typeof payload === 'object' && payload !== null && 'subject' in payload && payload.subject === subject
}

/** A file whose two ends change apart. */
function hot(head: string, tail: string): string {
  return `${head}\n${lines(20)}${tail}\n`
}
