import { BusinessRuleViolation } from '@cairn/cairn'
import { given } from '@cairn/testing/specs'
import { describe, expect, it } from 'vitest'
import { contributorId } from './contributor-id.ts'
import { File, fileCommands, fileEvents } from './index.ts'

const commit = { commit: 'c1', by: 'ann@example.org', at: '2020-01-01T00:00:00.000Z' }
const lines = { linesAdded: 3, linesDeleted: 1, binary: false }
const added = fileEvents.added({ ...commit, path: 'a', kind: 'file', ...lines })

describe('a file', () => {
  it('begins by being added', () => {
    given(File)
      .when(fileCommands.add({ fileId: 'f', ...commit, path: 'a', kind: 'file', ...lines }))
      .emits(added)
  })

  it('refuses every change before that', () => {
    given(File)
      .when(fileCommands.delete({ fileId: 'f', ...commit, path: 'a', ...lines }))
      .rejects(BusinessRuleViolation)
  })

  it('takes a change that another branch made after this one deleted it, and stays deleted', () => {
    const deleted = fileEvents.deleted({ ...commit, path: 'a', ...lines })
    const change = { ...commit, path: 'a', kind: 'file', ...lines } as const
    given(File, added, deleted)
      .when(fileCommands.modify({ fileId: 'f', ...change }))
      .emits(fileEvents.modified(change))
    expect(File.rehydrate('f', [added, deleted, fileEvents.modified(change)]).state).toMatchObject({ alive: false, changes: 3 })
  })

  it('keeps its paths and what everybody did of it', () => {
    const renamed = fileEvents.renamed({ ...commit, by: 'bob@example.org', from: 'a', path: 'b', kind: 'file', ...lines })
    expect(File.rehydrate('f', [added, renamed]).state).toMatchObject({
      path: 'b',
      paths: ['a', 'b'],
      linesAdded: 6,
      shares: [
        { by: 'ann@example.org', changes: 1, linesAdded: 3 },
        { by: 'bob@example.org', changes: 1, linesAdded: 3 },
      ],
    })
  })
})

describe('contributorId', () => {
  it('is the address in lower case, whatever the name', () => {
    expect(contributorId({ name: 'Ann', email: ' ANN@example.org ' })).toBe(contributorId({ name: 'A.', email: 'ann@example.org' }))
  })

  it('fits an aggregate id for addresses that are missing, long, or look like a hash', () => {
    const people = [
      { name: 'Ann', email: '' },
      { name: 'Bob', email: '' },
      { name: 'Ann', email: 'x'.repeat(300) },
      { name: '', email: '' },
      { name: '', email: contributorId({ name: 'Ann', email: '' }) },
    ]
    const ids = people.map(contributorId)
    expect(new Set(ids).size).toBe(people.length)
    expect(ids.every((id) => id.length > 0 && id.length <= 200)).toBe(true)
  })
})
