import { createCairn } from '@cairn/cairn'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { gitHistory } from '../domain/index.ts'
import { openRepository } from '../git/open-repository.ts'
import type { HistoryApp } from '../import/history-app.ts'
import { importHistory } from '../import/import-history.ts'
import { lines, SandboxRepository } from '../testing/sandbox-repository.ts'
import { contributors } from './contributors.ts'
import { fileAt, livesAt } from './file-at.ts'
import { readHistory } from './history.ts'
import { hotspots } from './hotspots.ts'
import { ownerOfFile, ownersOfFolders } from './owners.ts'

const bob = { author: ['Bob', 'bob@example.org'] } as const

describe('questions to the events', () => {
  const repository = new SandboxRepository()
  let app: HistoryApp
  let tenantId = ''
  let base = ''
  let side = ''
  beforeAll(async () => {
    base = repository.write('src/a', lines(10)).write('src/b', lines(4)).write('README', lines(2)).commit('base')
    side = repository.remove('src/a').write('lib/a', lines(10)).commit('side', bob)
    repository.goTo(base).write('src/b', lines(40)).commit('main', bob)
    const tip = repository.write('README', lines(3)).commit('again', bob)
    repository
      .remove('src/a')
      .write('lib/a', lines(10))
      .commit('merge', { parents: [tip, side] })
    repository.write('src/b', lines(41)).commit('more')
    app = await createCairn({ domains: [gitHistory], database: 'memory' })
    const opened = await openRepository(repository.folder)
    tenantId = opened.id
    await importHistory({ app, repository: opened })
  })
  afterAll(async () => {
    await app.stop()
    repository[Symbol.dispose]()
  })

  it('names the files changed most often', async () => {
    const history = await readHistory(app.events, tenantId)
    expect(hotspots(history, 2)).toEqual([
      { path: 'src/b', changes: 3, contributors: 2, linesAdded: 41, linesDeleted: 0 },
      { path: 'README', changes: 2, contributors: 2, linesAdded: 3, linesDeleted: 0 },
    ])
  })

  it('says who owns a file and a folder', async () => {
    const history = await readHistory(app.events, tenantId)
    expect(ownerOfFile(history, 'src/b')).toEqual({ path: 'src/b', files: 1, owner: 'bob@example.org', share: 36 / 41 })
    expect(ownerOfFile(history, 'src/a')).toBeUndefined()
    expect(ownersOfFolders(history, 1, 5)).toEqual([
      { path: '.', files: 1, owner: 'ann@example.org', share: 2 / 3 },
      { path: 'lib', files: 1, owner: 'ann@example.org', share: 1 },
      { path: 'src', files: 1, owner: 'bob@example.org', share: 36 / 41 },
    ])
  })

  it('counts commits and lines of people, and a merge without lines', async () => {
    const history = await readHistory(app.events, tenantId)
    expect(contributors(history, 5)).toMatchObject([
      { id: 'ann@example.org', name: 'Ann', commits: 3, linesAdded: 17 },
      { id: 'bob@example.org', name: 'Bob', commits: 3, linesAdded: 37 },
    ])
  })

  it('answers as of a commit: only what that commit came from counts', async () => {
    const atSide = await readHistory(app.events, tenantId, { at: side })
    expect(atSide.commits).toBe(2)
    expect(fileAt(atSide, 'src/a')).toBeUndefined()
    const moved = fileAt(atSide, 'lib/a')
    expect(moved?.state).toMatchObject({ paths: ['src/a', 'lib/a'], bornIn: base, changes: 2 })
    expect(fileAt(atSide, 'src/b')?.state).toMatchObject({ linesAdded: 4 })
    expect(livesAt(atSide, 'src/a').map(({ life }) => life)).toEqual([moved?.life])
  })

  it('refuses a commit that is not in the log', async () => {
    await expect(readHistory(app.events, tenantId, { at: 'f'.repeat(40) })).rejects.toThrow(/not in the log/)
  })
})
