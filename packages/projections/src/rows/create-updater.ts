import {
  RowBuffer,
  UnknownTableError,
  type PhysicalTable,
  type RecordedEvent,
  type RowOperations,
  type RowStorePort,
  type RowWrites,
} from '@cairn/core'

export interface UpdaterOptions {
  readonly rows: RowStorePort
  readonly tenantId: string
  /** The position of the event that the changes are for. */
  readonly position: number
  /** The projection's partition that the rows belong to. @default 0 */
  readonly partition?: number
}

/** What an updater did. */
export interface UpdaterReport {
  readonly written: number
  /** Rows that are at or ahead of the position: the event was applied to them before. */
  readonly skipped: number
}

/** Changes rows of one table, outside of a subscription. */
export interface ReadModelUpdaterPort extends RowOperations {
  /** Writes the changes since the last flush in one call; those of rows that had the event before are left out. */
  flush(): Promise<UpdaterReport>
}

/**
 * Changes the rows of one table for one event, as older projections do it: `upsert`, `patch`, `increment`, `delete`, `get`, and
 * `flush` at the end. The same event again changes nothing.
 */
export function createUpdaterFor(table: PhysicalTable, options: UpdaterOptions): ReadModelUpdaterPort {
  const { rows, tenantId, position, partition = 0 } = options
  const buffer = new RowBuffer({ projection: table.name, tables: [table], rows })
  const { name } = table.model
  const updater = buffer.operations[name]
  if (updater === undefined) throw new UnknownTableError(table.name, name, [name])
  const event = standIn(tenantId, position)
  const begun = (): RowOperations => {
    buffer.begin(event)
    return updater
  }
  return {
    get: (key) => begun().get(key),
    upsert: (row) => begun().upsert(row),
    patch: (key, changes) => begun().patch(key, changes),
    increment: (key, by) => begun().increment(key, by),
    update: (key, change) => begun().update(key, change),
    delete: (key) => begun().delete(key),
    flush: async () => {
      let report: UpdaterReport = { written: 0, skipped: 0 }
      try {
        await buffer.settle()
        await buffer.write(
          {
            load: (physical, keys) => rows.load(physical, keys),
            write: async (physical, writes) => {
              report = await writeNewer(rows, physical, writes, position)
            },
          },
          partition,
        )
      } finally {
        // Another updater may change the rows before the next flush.
        buffer.reset()
      }
      return report
    },
  }
}

async function writeNewer(rows: RowStorePort, table: PhysicalTable, writes: RowWrites, position: number): Promise<UpdaterReport> {
  const all = [...writes.upserts, ...writes.deletes]
  const stored = await rows.load(table, all)
  const had = new Set(all.filter((_, index) => (stored[index]?.position ?? -1) >= position))
  const newer: RowWrites = {
    upserts: writes.upserts.filter((row) => !had.has(row)),
    deletes: writes.deletes.filter((row) => !had.has(row)),
  }
  await rows.write(table, newer)
  return { written: all.length - had.size, skipped: had.size }
}

/** Rows are changed for an event; of this one only tenant and position are known. */
function standIn(tenantId: string, position: number): RecordedEvent {
  return {
    id: '',
    type: '',
    payload: {},
    tenantId,
    aggregateType: '',
    aggregateId: '',
    version: 1,
    position,
    recordedAt: new Date(0),
    metadata: { correlationId: '', causationId: '', schemaVersion: 1 },
  }
}
