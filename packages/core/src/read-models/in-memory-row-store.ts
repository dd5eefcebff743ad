import { RowPartitionError, StaleRowError } from '../errors/projections.ts'
import type { PhysicalTable, RowKey, RowStorePort, RowWrites, StoredRow } from '../ports/row-store.port.ts'

/** A row in memory, with the partition that wrote it. */
export interface MemoryRow extends StoredRow {
  readonly partition: number
}

/** Writes that become visible together, at `commit`. Its own reads see them before. */
export interface InMemoryRowTransaction extends RowStorePort {
  /** @throws StaleRowError, RowPartitionError when somebody else wrote meanwhile; nothing is written then */
  commit(): void
}

export interface RowTransactionOptions {
  /** False leaves out the comparison of positions: in transactions of appends they are not in the order of the commits. @default true */
  readonly comparePositions?: boolean | undefined
}

/** Rows of read models in memory. */
export class InMemoryRowStore implements RowStorePort {
  readonly #tables = new Map<string, Map<string, MemoryRow>>()

  async load(table: PhysicalTable, keys: readonly RowKey[]): Promise<readonly (StoredRow | undefined)[]> {
    const rows = this.#tables.get(table.name)
    return keys.map((key) => rows?.get(idOf(key)))
  }

  async write(table: PhysicalTable, writes: RowWrites): Promise<void> {
    const transaction = this.begin()
    await transaction.write(table, writes)
    transaction.commit()
  }

  begin(options: RowTransactionOptions = {}): InMemoryRowTransaction {
    const comparePositions = options.comparePositions ?? true
    const changes = new Map<string, Map<string, Change>>()
    const stored = (table: string, id: string): MemoryRow | undefined => {
      const change = changes.get(table)?.get(id)
      return change === undefined ? this.#tables.get(table)?.get(id) : change.row
    }
    return {
      load: async (table, keys) => keys.map((key) => stored(table.name, idOf(key))),
      write: async (table, { upserts, deletes }) => {
        check(table.name, [...upserts, ...deletes], (id) => stored(table.name, id), comparePositions)
        const own = changes.get(table.name) ?? new Map<string, Change>()
        changes.set(table.name, own)
        const note = (write: Write, row: MemoryRow | undefined): void => {
          const id = idOf(write)
          own.set(id, { first: own.get(id)?.first ?? write, row })
        }
        for (const row of upserts) note(row, keep(row))
        for (const key of deletes) note(key, undefined)
      },
      commit: () => {
        for (const [table, own] of changes) {
          const firsts = [...own.values()].map(({ first }) => first)
          check(table, firsts, (id) => this.#tables.get(table)?.get(id), comparePositions)
        }
        for (const [table, own] of changes) this.#apply(table, own)
      },
    }
  }

  /** All rows of a table, by tenant and key. */
  rows(table: string): readonly MemoryRow[] {
    const rows = [...(this.#tables.get(table)?.entries() ?? [])]
    return rows.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row)
  }

  /** Forgets a table. */
  drop(table: string): void {
    this.#tables.delete(table)
  }

  #apply(table: string, changes: ReadonlyMap<string, Change>): void {
    const rows = this.#tables.get(table) ?? new Map<string, MemoryRow>()
    this.#tables.set(table, rows)
    for (const [id, { row }] of changes) {
      if (row === undefined) rows.delete(id)
      else rows.set(id, row)
    }
  }
}

type Write = RowKey & { readonly position: number; readonly partition: number; readonly fresh?: boolean | undefined }

/** What a transaction did to one row. */
interface Change {
  /** Its first write, which is held against what stands in the table. */
  readonly first: Write
  /** Undefined: deleted. */
  readonly row: MemoryRow | undefined
}

function check(table: string, writes: readonly Write[], stored: (id: string) => MemoryRow | undefined, comparePositions: boolean): void {
  const met = writes.flatMap((write) => {
    const row = stored(idOf(write))
    return row === undefined ? [] : [{ write, row }]
  })
  const foreign = met.filter(({ write, row }) => row.partition !== write.partition)
  const [one] = foreign
  if (one !== undefined) throw new RowPartitionError(table, foreign.length, one.write.partition)
  const stale = met.filter(({ write, row }) => write.fresh === true || (comparePositions && row.position >= write.position))
  if (stale.length > 0) throw new StaleRowError(table, stale.length, Math.min(...stale.map(({ write }) => write.position)))
}

/** Its own copy, frozen: what is handed out later is what was stored. */
function keep({ tenantId, key, values, position, partition }: MemoryRow): MemoryRow {
  return Object.freeze({ tenantId, key: Object.freeze([...key]), values: Object.freeze({ ...values }), position, partition })
}

function idOf({ tenantId, key }: RowKey): string {
  return `${tenantId}\0${key.join('\0')}`
}
