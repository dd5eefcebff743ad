import { allRows, bigint, defineProjection, integer, json, table, text, timestamp } from '@cairn/cairn'
import { contributorEvents } from '../domain/contributor-events.ts'

/** Everybody who wrote commits. */
export const contributors = defineProjection('contributors', {
  version: 1,
  events: [contributorEvents],
  tables: table(
    {
      id: text(),
      /** The spelling used first. */
      name: text(),
      /** Every spelling, in the order of their first use. */
      names: json<readonly string[]>(),
      commits: integer(),
      lines_added: bigint(),
      lines_deleted: bigint(),
      first_at: timestamp(),
      last_at: timestamp(),
    },
    { key: 'id', indexes: ['commits'], readAccess: { '*': allRows } },
  ),
}).fold('contributors', {
  key: (event) => event.aggregateId,
  evolve: {
    'contributor.contributed': (row, { payload: { name, at, linesAdded, linesDeleted } }) => {
      if (row === undefined) {
        return { name, names: [name], commits: 1, lines_added: linesAdded, lines_deleted: linesDeleted, first_at: at, last_at: at }
      }
      return {
        name: row.name,
        names: row.names.includes(name) ? row.names : [...row.names, name],
        commits: row.commits + 1,
        lines_added: row.lines_added + linesAdded,
        lines_deleted: row.lines_deleted + linesDeleted,
        // Branches come one after the other: the first one read need not be the oldest.
        first_at: at < row.first_at ? at : row.first_at,
        last_at: at > row.last_at ? at : row.last_at,
      }
    },
  },
})
