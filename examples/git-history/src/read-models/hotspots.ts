import { allRows, bigint, boolean, defineProjection, integer, json, table, text, timestamp, type Row } from '@cairn/cairn'
import { fileEvents } from '../domain/file-events.ts'

const hotspot = table(
  {
    life: text(),
    /** Where the file is, or was last. */
    path: text(),
    alive: boolean(),
    changes: integer(),
    people: integer(),
    lines_added: bigint(),
    lines_deleted: bigint(),
    last_at: timestamp(),
    /** Whose changes are counted in `people`. */
    changed_by: json<readonly string[]>(),
  },
  { key: 'life', indexes: [['alive', 'changes']], readAccess: { '*': allRows.hide('changed_by') } },
)
type Hotspot = Omit<Row<typeof hotspot>, 'life'>

interface Change {
  readonly by: string
  readonly at: string
  readonly linesAdded?: number
  readonly linesDeleted?: number
}

/** How often each file was changed, and by how many people. */
export const hotspots = defineProjection('hotspots', {
  version: 1,
  events: [fileEvents],
  partitions: 2,
  tables: { hotspots: hotspot },
}).fold('hotspots', {
  key: (event) => event.aggregateId,
  evolve: {
    'file.added': (row, { payload }) => ({ ...counted(row, payload), path: payload.path, alive: true }),
    'file.modified': (row, { payload }) => counted(row, payload),
    'file.renamed': (row, { payload }) => ({ ...counted(row, payload), path: payload.path, alive: true }),
    'file.deleted': (row, { payload }) => ({ ...counted(row, payload), alive: false }),
    'file.merged': (row, { payload }) => counted(row, payload),
    'file.settled': (row, { payload }) => ({ ...counted(row, payload), path: payload.path, alive: true }),
  },
})

const unchanged: Hotspot = {
  path: '',
  alive: false,
  changes: 0,
  people: 0,
  lines_added: 0,
  lines_deleted: 0,
  last_at: '1970-01-01T00:00:00.000Z',
  changed_by: [],
}

function counted(row: Hotspot = unchanged, { by, at, linesAdded = 0, linesDeleted = 0 }: Change): Hotspot {
  const changed_by = row.changed_by.includes(by) ? row.changed_by : [...row.changed_by, by]
  return {
    ...row,
    changes: row.changes + 1,
    people: changed_by.length,
    lines_added: row.lines_added + linesAdded,
    lines_deleted: row.lines_deleted + linesDeleted,
    last_at: at,
    changed_by,
  }
}
