import { allRows, bigint, date, defineProjection, integer, table, text } from '@cairn/cairn'
import { contributorEvents } from '../domain/contributor-events.ts'

/** What happened in each week, and who did it: two tables that change together. */
export const activity = defineProjection('activity', {
  version: 1,
  events: [contributorEvents],
  // Weeks are shared by everybody, people are not: the week decides which rows an event changes.
  partitionBy: ({ payload }) => mondayOf(payload.at),
  partitions: 2,
  tables: {
    activity_per_week: table(
      {
        /** The week's Monday, UTC. */
        week: date(),
        commits: integer(),
        lines_added: bigint(),
        lines_deleted: bigint(),
      },
      { key: 'week', readAccess: { '*': allRows } },
    ),
    activity_people: table({ week: date(), person: text(), commits: integer() }, { key: ['week', 'person'], readAccess: { '*': allRows } }),
  },
}).on({
  'contributor.contributed': ({ aggregateId, payload: { at, linesAdded, linesDeleted } }, { activity_per_week, activity_people }) => {
    const week = mondayOf(at)
    activity_per_week.increment(week, { commits: 1, lines_added: linesAdded, lines_deleted: linesDeleted })
    activity_people.increment([week, aggregateId], { commits: 1 })
  },
})

const dayMs = 86_400_000

/** The Monday of a moment's week. */
export function mondayOf(at: string): string {
  const day = Math.floor(Date.parse(at) / dayMs)
  // 1970-01-01 was a Thursday.
  const monday = day - ((((day + 3) % 7) + 7) % 7)
  return new Date(monday * dayMs).toISOString().slice(0, 'YYYY-MM-DD'.length)
}
