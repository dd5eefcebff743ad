import type { RecordedEvent } from '../../contracts/event.ts'
import { UnknownTableError } from '../../errors/projections.ts'
import type { PhysicalTable, RowStorePort } from '../../ports/row-store.port.ts'
import type { RowOperations, RowOperationsByTable } from '../projection-definition.ts'
import { TableBuffer } from './table-buffer.ts'

export interface RowBufferOptions {
  /** For messages. */
  readonly projection: string
  readonly tables: readonly PhysicalTable[]
  /** Where rows that are not in memory are read, outside of transactions. */
  readonly rows: Pick<RowStorePort, 'load'>
  /** Rows of each table that stay in memory between commits. @default 50_000 */
  readonly cacheRows?: number | undefined
  /** About how many bytes they may take, of all tables together. @default 67_108_864 */
  readonly cacheBytes?: number | undefined
}

export const defaultCacheRows = 50_000
export const defaultCacheBytes = 64 * 1024 * 1024

/**
 * Rows of a projection while its events are folded. Operations take effect in memory, in order; a row that an operation
 * depends on and that is not in memory is loaded together with all others of its table; at the commit each table gets one
 * write. Rows stay in a bounded cache, which is right as long as nobody else writes them: the lease sees to that.
 */
export class RowBuffer {
  /** By the tables' logical names. */
  readonly operations: RowOperationsByTable
  readonly #tables: readonly TableBuffer[]
  readonly #rows: Pick<RowStorePort, 'load'>
  readonly #cacheRows: number
  readonly #cacheBytes: number
  #event: RecordedEvent | undefined
  #wanted = false
  #loading: Promise<void> | undefined
  /** How often all was forgotten: what was begun before concerns nobody any more. */
  #resets = 0
  #failure: { readonly error: unknown; readonly position: number } | undefined

  constructor(options: RowBufferOptions) {
    this.#rows = options.rows
    this.#cacheRows = options.cacheRows ?? defaultCacheRows
    this.#cacheBytes = options.cacheBytes ?? defaultCacheBytes
    const context = {
      current: () => this.#current(),
      wanted: () => {
        this.#wanted = true
      },
      wantedNow: () => {
        this.#loading ??= this.#loadAll()
      },
      failed: (error: unknown, event: RecordedEvent) => this.#fail(error, event.position),
    }
    this.#tables = options.tables.map((table) => new TableBuffer(table, context))
    this.operations = operationsOf(
      options.projection,
      this.#tables.map((table) => [table.physical.model.name, table]),
    )
  }

  /** Rows that the next write would write. */
  get pending(): number {
    let rows = 0
    for (const table of this.#tables) rows += table.pending
    return rows
  }

  /** Operations that follow are this event's. */
  begin(event: RecordedEvent): void {
    this.#event = event
  }

  /**
   * Ends the events' turn: loads what operations wait for. Undefined when nothing does.
   * @throws what the first failing operation threw
   */
  settle(): Promise<void> | undefined {
    this.#event = undefined
    if (!this.#wanted && this.#loading === undefined && this.#failure === undefined) return undefined
    return this.#settle()
  }

  async #settle(): Promise<void> {
    await this.#loading
    await this.#load()
    const failure = this.#failure
    this.#failure = undefined
    if (failure !== undefined) throw failure.error
  }

  /** Writes each table's changes, the tables in the order of declaration. */
  async write(rows: RowStorePort, partition: number): Promise<void> {
    for (const table of this.#tables) {
      const writes = table.takeWrites(partition)
      if (writes.upserts.length > 0 || writes.deletes.length > 0) await rows.write(table.physical, writes)
    }
  }

  /** The transaction of the last write is through. */
  committed(): void {
    for (const table of this.#tables) {
      table.committed()
      table.shrink(this.#cacheRows, this.#cacheBytes / this.#tables.length)
    }
  }

  /** Forgets all that was not committed. */
  reset(): void {
    this.#event = undefined
    this.#wanted = false
    this.#failure = undefined
    this.#loading = undefined
    this.#resets++
    for (const table of this.#tables) table.reset()
  }

  #current(): RecordedEvent {
    if (this.#event !== undefined) return this.#event
    throw new Error('Rows are changed while an event is handled. A handler that works on after it returned must return its promise.')
  }

  async #loadAll(): Promise<void> {
    const resets = this.#resets
    // In the next microtask, so that rows asked for side by side are loaded together.
    await undefined
    while (this.#wanted && this.#resets === resets) {
      // oxlint-disable-next-line no-await-in-loop -- what is asked for during one load goes with the next
      await this.#load()
    }
    if (this.#resets === resets) this.#loading = undefined
  }

  /** Never fails: those who wait for the rows are told, and so is the batch. */
  async #load(): Promise<void> {
    const resets = this.#resets
    this.#wanted = false
    try {
      // It waits for no other load when one fails: a reset finds those that are still under way.
      await Promise.all(this.#tables.map((table) => table.load(this.#rows)))
    } catch (error) {
      if (this.#resets === resets) this.#fail(error, 0)
    }
  }

  /** The failure of the earliest event is the batch's. */
  #fail(error: unknown, position: number): void {
    if (this.#failure === undefined || position < this.#failure.position) this.#failure = { error, position }
  }
}

/** Own properties for the tables; a name that is none of them is an error, not undefined. */
function operationsOf(projection: string, tables: readonly (readonly [string, RowOperations])[]): RowOperationsByTable {
  const unknown = new Proxy<Record<string, RowOperations>>(
    {},
    {
      get(_target, name) {
        // Promises are looked for by this name.
        if (typeof name === 'symbol' || name === 'then') return undefined
        throw new UnknownTableError(
          projection,
          name,
          tables.map(([table]) => table),
        )
      },
    },
  )
  const operations: Record<string, RowOperations> = Object.create(unknown)
  for (const [name, table] of tables) {
    Object.defineProperty(operations, name, { value: table, enumerable: true })
  }
  return operations
}
