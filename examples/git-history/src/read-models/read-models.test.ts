import { givenEvents, inStream } from '@cairn/testing/specs'
import { describe, expect, it } from 'vitest'
import { contributorEvents, fileEvents } from '../domain/index.ts'
import { activity, contributors, hotspots, mondayOf, ownership } from './index.ts'

const change = (by: string, linesAdded: number, at = '2026-01-01T00:00:00.000Z') =>
  ({ commit: `c-${by}`, by, at, kind: 'file', linesAdded, linesDeleted: 1, binary: false }) as const
const contribution = (at: string, name: string, linesAdded: number) =>
  contributorEvents.contributed({ commit: 'c', parents: [], at, name, email: 'e', subject: 's', files: 1, linesAdded, linesDeleted: 1 })

const life = inStream(
  'f-1',
  fileEvents.added({ ...change('ann', 10), path: 'src/old/a.ts' }),
  fileEvents.modified({ ...change('bob', 30), path: 'src/old/a.ts' }),
  fileEvents.renamed({ ...change('ann', 5, '2026-01-02T00:00:00.000Z'), from: 'src/old/a.ts', path: 'src/new/deep/a.ts' }),
)
const gone = inStream(
  'f-2',
  fileEvents.added({ ...change('ann', 0), path: 'README' }),
  fileEvents.deleted({ ...change('ann', 0), path: 'README' }),
)

describe('the read models of a history', () => {
  it('hotspots: how often a file was changed, by how many, and where it is now', async () => {
    await givenEvents(hotspots, life, gone)
      .deliveredTwice()
      .deliveredAnyhow()
      .rows('hotspots')
      .are([
        {
          life: 'f-1',
          path: 'src/new/deep/a.ts',
          alive: true,
          changes: 3,
          people: 2,
          lines_added: 45,
          lines_deleted: 3,
          last_at: '2026-01-02T00:00:00.000Z',
          changed_by: ['ann', 'bob'],
        },
        {
          life: 'f-2',
          path: 'README',
          alive: false,
          changes: 2,
          people: 1,
          lines_added: 0,
          lines_deleted: 2,
          last_at: '2026-01-01T00:00:00.000Z',
          changed_by: ['ann'],
        },
      ])
  })

  it('ownership: who added most lines to a file, and in which folder it counts', async () => {
    await givenEvents(ownership, life, gone)
      .deliveredTwice()
      .deliveredAnyhow()
      .rows('file_ownership')
      .are([
        {
          life: 'f-1',
          path: 'src/new/deep/a.ts',
          folder: 'src/new',
          alive: true,
          owner: 'bob',
          share: 30 / 45,
          lines: 45,
          changes: 3,
          parts: [
            { by: 'bob', changes: 1, lines: 30 },
            { by: 'ann', changes: 2, lines: 15 },
          ],
        },
        {
          life: 'f-2',
          path: 'README',
          folder: '.',
          alive: false,
          owner: 'ann',
          share: 1,
          lines: 0,
          changes: 2,
          parts: [{ by: 'ann', changes: 2, lines: 0 }],
        },
      ])
  })

  it('contributors: who wrote how much, under which names, from when to when', async () => {
    await givenEvents(
      contributors,
      inStream('ann', contribution('2026-02-01T00:00:00.000Z', 'Ann', 10), contribution('2026-01-01T00:00:00.000Z', 'Ann B.', 5)),
    )
      .deliveredTwice()
      .deliveredAnyhow()
      .rows('contributors')
      .are([
        {
          id: 'ann',
          name: 'Ann',
          names: ['Ann', 'Ann B.'],
          commits: 2,
          lines_added: 15,
          lines_deleted: 2,
          first_at: '2026-01-01T00:00:00.000Z',
          last_at: '2026-02-01T00:00:00.000Z',
        },
      ])
  })

  it('activity: what happened in a week, and who did it', async () => {
    const spec = givenEvents(
      activity,
      inStream('ann', contribution('2026-01-05T00:00:00.000Z', 'Ann', 10), contribution('2026-01-11T23:59:59.000Z', 'Ann', 5)),
      inStream('bob', contribution('2026-01-07T00:00:00.000Z', 'Bob', 1), contribution('2026-01-12T00:00:00.000Z', 'Bob', 2)),
    )
      .deliveredTwice()
      .deliveredAnyhow()
    await spec.rows('activity_per_week').are([
      { week: '2026-01-05', commits: 3, lines_added: 16, lines_deleted: 3 },
      { week: '2026-01-12', commits: 1, lines_added: 2, lines_deleted: 1 },
    ])
    await spec.rows('activity_people').are([
      { week: '2026-01-05', person: 'ann', commits: 2 },
      { week: '2026-01-05', person: 'bob', commits: 1 },
      { week: '2026-01-12', person: 'bob', commits: 1 },
    ])
  })
})

describe('the Monday of a week', () => {
  it.each([
    ['1970-01-01T00:00:00.000Z', '1969-12-29'],
    ['1970-01-05T00:00:00.000Z', '1970-01-05'],
    ['2026-11-22T23:59:59.999Z', '2026-11-16'],
    ['2000-02-29T12:00:00.000Z', '2000-02-28'],
  ])('of %s is %s', (at, monday) => {
    expect(mondayOf(at)).toBe(monday)
    expect(new Date(monday).getUTCDay()).toBe(1)
  })
})
