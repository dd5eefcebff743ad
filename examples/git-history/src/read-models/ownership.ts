import { allRows, bigint, boolean, defineProjection, double, integer, json, table, text, type Row } from '@cairn/cairn'
import { fileEvents } from '../domain/file-events.ts'
import { folderOf } from './folder-of.ts'

/** What somebody did to a file. */
export interface Part {
  readonly by: string
  readonly changes: number
  readonly lines: number
}

const file = table(
  {
    life: text(),
    path: text(),
    /** The folder that the file counts for, two levels down. */
    folder: text(),
    alive: boolean(),
    /** The contributor who added most lines; with no lines at all, who changed it most often. */
    owner: text(),
    /** The owner's part of the added lines, 0 to 1. */
    share: double(),
    lines: bigint(),
    changes: integer(),
    parts: json<readonly Part[]>(),
  },
  { key: 'life', indexes: ['folder', 'owner'], readAccess: { '*': allRows } },
)
type Owned = Omit<Row<typeof file>, 'life'>

/** Whose each file is. */
export const ownership = defineProjection('ownership', {
  version: 1,
  events: [fileEvents],
  partitions: 2,
  tables: { file_ownership: file },
}).fold('file_ownership', {
  key: (event) => event.aggregateId,
  evolve: {
    'file.added': (row, { payload }) => placed(counted(row, payload), payload.path),
    'file.modified': (row, { payload }) => counted(row, payload),
    'file.renamed': (row, { payload }) => placed(counted(row, payload), payload.path),
    'file.deleted': (row, { payload }) => ({ ...counted(row, payload), alive: false }),
    'file.merged': (row, { payload }) => counted(row, payload),
    'file.settled': (row, { payload }) => placed(counted(row, payload), payload.path),
  },
})

const nobodys: Owned = { path: '', folder: '.', alive: false, owner: '', share: 0, lines: 0, changes: 0, parts: [] }

function placed(row: Owned, path: string): Owned {
  return { ...row, path, folder: folderOf(path), alive: true }
}

function counted(row: Owned = nobodys, { by, linesAdded = 0 }: { readonly by: string; readonly linesAdded?: number }): Owned {
  const before = row.parts.find((part) => part.by === by) ?? { by, changes: 0, lines: 0 }
  const mine = { by, changes: before.changes + 1, lines: before.lines + linesAdded }
  const parts = [...row.parts.filter((part) => part.by !== by), mine]
  const lines = row.lines + linesAdded
  const changes = row.changes + 1
  const [owner = mine] = parts.toSorted(byWeight)
  return { ...row, parts, lines, changes, owner: owner.by, share: lines > 0 ? owner.lines / lines : owner.changes / changes }
}

function byWeight(a: Part, b: Part): number {
  return b.lines - a.lines || b.changes - a.changes || (a.by < b.by ? -1 : 1)
}
