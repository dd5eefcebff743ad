import type { RecordedEvent } from '../../contracts/event.ts'
import type { PhysicalTable, RowStorePort, RowWrites } from '../../ports/row-store.port.ts'
import type { RowChange, RowOperations } from '../projection-definition.ts'
import type { Cell, WaitingOperation } from './cell.ts'
import { RowCache } from './row-cache.ts'
import { RowShape, type Values } from './row-shape.ts'

/** What a table's buffer asks of the whole: which event is being handled, and a load of the rows that are asked for. */
export interface BufferContext {
  /** @throws Error outside of an event */
  current(): RecordedEvent
  /** An operation waits for a row that is not in memory. */
  wanted(): void
  /** A row is read by a handler that waits for it. */
  wantedNow(): void
  failed(error: unknown, event: RecordedEvent): void
}

/** The rows of one table while events are folded: operations in order, each row loaded at most once and written at most once. */
export class TableBuffer implements RowOperations {
  readonly physical: PhysicalTable
  readonly #shape: RowShape
  readonly #context: BufferContext
  readonly #cache = new RowCache()
  #unknown: Cell[] = []
  /** Of each load that is under way: a reset must find them, or their operations are carried out a second time. */
  readonly #loading = new Set<readonly Cell[]>()
  #dirty: Cell[] = []
  #writing: Cell[] = []

  constructor(physical: PhysicalTable, context: BufferContext) {
    this.physical = physical
    this.#shape = new RowShape(physical.model)
    this.#context = context
  }

  /** Rows that the next write would write. */
  get pending(): number {
    return this.#dirty.length
  }

  get(key: unknown): Promise<Readonly<Values> | undefined> {
    const event = this.#context.current()
    const cell = this.#cache.cell(event.tenantId, this.#shape.keyOf(key))
    if (cell.known) return Promise.resolve(handOut(cell))
    const answer = new Promise<Readonly<Values> | undefined>((resolve, reject) => this.#wait(cell, { kind: 'get', event, resolve, reject }))
    // A handler that does not await it is told of the failure by the batch.
    answer.catch(() => undefined)
    this.#context.wantedNow()
    return answer
  }

  upsert(row: Readonly<Values>): void {
    const event = this.#context.current()
    const whole = this.#shape.whole(row)
    const cell = this.#cache.cell(event.tenantId, this.#shape.keyOfRow(whole))
    // What waits may be a patch, which must fail when there is no row.
    if (cell.waiting !== undefined) this.#wait(cell, { kind: 'upsert', event, row: whole })
    else this.#set(cell, whole, event.position)
  }

  patch(key: unknown, changes: Readonly<Values>): void {
    const event = this.#context.current()
    const checked = this.#shape.changes(changes)
    const cell = this.#cache.cell(event.tenantId, this.#shape.keyOf(key))
    if (cell.known) this.#patch(cell, checked, event.position)
    else this.#wait(cell, { kind: 'patch', event, changes: checked })
  }

  increment(key: unknown, by: Readonly<Values>): void {
    const event = this.#context.current()
    const checked = this.#shape.increments(by)
    const cell = this.#cache.cell(event.tenantId, this.#shape.keyOf(key))
    if (cell.known) this.#increment(cell, checked, event.position)
    else this.#wait(cell, { kind: 'increment', event, by: checked })
  }

  update(key: unknown, change: RowChange): void {
    const event = this.#context.current()
    const cell = this.#cache.cell(event.tenantId, this.#shape.keyOf(key))
    if (cell.known) this.#update(cell, change, event)
    else this.#wait(cell, { kind: 'update', event, change })
  }

  delete(key: unknown): void {
    const event = this.#context.current()
    const cell = this.#cache.cell(event.tenantId, this.#shape.keyOf(key))
    if (cell.waiting === undefined) this.#set(cell, undefined, event.position)
    else this.#wait(cell, { kind: 'delete', event })
  }

  /** Loads all rows that operations wait for, in one call, and carries the operations out. */
  async load(rows: Pick<RowStorePort, 'load'>): Promise<void> {
    const cells = this.#unknown
    if (cells.length === 0) return
    this.#unknown = []
    this.#loading.add(cells)
    let loaded
    try {
      loaded = await rows.load(this.physical, cells)
    } catch (error) {
      for (const cell of cells) {
        if (!this.#cache.holds(cell)) continue
        const operations = cell.waiting ?? []
        cell.waiting = undefined
        this.#fail(cell, operations, error)
      }
      throw error
    } finally {
      this.#loading.delete(cells)
    }
    for (const [index, cell] of cells.entries()) {
      // Dropped by a reset while the load was under way.
      if (!this.#cache.holds(cell)) continue
      const stored = loaded[index]
      cell.known = true
      cell.row = stored === undefined ? undefined : this.#shape.loaded(stored.values)
      cell.owned = false
      cell.position = stored?.position ?? 0
      cell.mayBeStored = stored !== undefined
      this.#cache.measure(cell)
      this.#carryOut(cell)
    }
  }

  /** What changed since the last commit; the rows handed out are not changed any more. */
  takeWrites(partition: number): RowWrites {
    for (const cell of this.#dirty) {
      cell.dirty = false
      if (cell.writing) continue
      cell.writing = true
      this.#writing.push(cell)
    }
    this.#dirty = []
    const upserts: RowWrites['upserts'][number][] = []
    const deletes: RowWrites['deletes'][number][] = []
    for (const { tenantId, key, row, position, mayBeStored } of this.#writing) {
      if (row !== undefined) upserts.push({ tenantId, key, values: row, position, partition })
      else if (mayBeStored) deletes.push({ tenantId, key, position, partition })
    }
    for (const cell of this.#writing) cell.owned = false
    return { upserts, deletes }
  }

  /** What was written is stored. */
  committed(): void {
    for (const cell of this.#writing) {
      cell.writing = false
      if (cell.dirty) {
        cell.mayBeStored = true
        continue
      }
      cell.mayBeStored = cell.row !== undefined
      this.#cache.measure(cell)
    }
    this.#writing = []
  }

  /** Drops rows that were not asked for lately until at most so many, of at most so many bytes, are left. */
  shrink(maxRows: number, maxBytes: number): void {
    this.#cache.shrink(maxRows, maxBytes)
  }

  /** Forgets every row that was touched since the last commit. */
  reset(): void {
    const loading = [...this.#loading].flat()
    for (const cell of [...this.#unknown, ...loading, ...this.#dirty, ...this.#writing]) this.#forget(cell)
    this.#unknown = []
    this.#loading.clear()
    this.#dirty = []
    this.#writing = []
  }

  #forget(cell: Cell): void {
    this.#cache.drop(cell)
    const operations = cell.waiting ?? []
    cell.waiting = undefined
    // A handler of the run that is given up must not go on in the next.
    for (const operation of operations) if (operation.kind === 'get') operation.reject(new Error(forgotten))
  }

  #wait(cell: Cell, operation: WaitingOperation): void {
    if (cell.waiting === undefined) {
      cell.waiting = [operation]
      this.#unknown.push(cell)
      this.#context.wanted()
    } else cell.waiting.push(operation)
  }

  #carryOut(cell: Cell): void {
    const operations = cell.waiting ?? []
    cell.waiting = undefined
    for (const [index, operation] of operations.entries()) {
      try {
        this.#perform(cell, operation)
      } catch (error) {
        this.#context.failed(error, operation.event)
        this.#fail(cell, operations.slice(index + 1), error)
        return
      }
    }
  }

  #perform(cell: Cell, operation: WaitingOperation): void {
    const { position } = operation.event
    switch (operation.kind) {
      case 'upsert':
        return this.#set(cell, operation.row, position)
      case 'patch':
        return this.#patch(cell, operation.changes, position)
      case 'increment':
        return this.#increment(cell, operation.by, position)
      case 'update':
        return this.#update(cell, operation.change, operation.event)
      case 'delete':
        return this.#set(cell, undefined, position)
      case 'get':
        return operation.resolve(handOut(cell))
    }
  }

  #fail(cell: Cell, operations: readonly WaitingOperation[], error: unknown): void {
    // So that a reset finds it.
    this.#touch(cell, cell.position)
    for (const operation of operations) if (operation.kind === 'get') operation.reject(error)
  }

  #set(cell: Cell, row: Values | undefined, position: number): void {
    cell.known = true
    cell.row = row
    cell.owned = true
    this.#touch(cell, position)
  }

  #patch(cell: Cell, changes: Readonly<Values>, position: number): void {
    if (cell.row === undefined) throw this.#shape.missing(cell.tenantId, cell.key)
    Object.assign(this.#own(cell, cell.row), changes)
    this.#touch(cell, position)
  }

  #increment(cell: Cell, by: Readonly<Values>, position: number): void {
    // Before the sum, which may fail half-way.
    this.#touch(cell, position)
    if (cell.row === undefined) {
      cell.row = this.#shape.initial(cell.key)
      cell.owned = true
    }
    this.#shape.add(this.#own(cell, cell.row), by)
  }

  #update(cell: Cell, change: RowChange, event: RecordedEvent): void {
    const before = handOut(cell)
    const after = change(before, event)
    if (after === before) return
    cell.row = after === undefined || after === null ? undefined : this.#shape.folded(after, before, cell.key)
    cell.owned = true
    this.#touch(cell, event.position)
  }

  /** The cell's row as one that may be changed in place. */
  #own(cell: Cell, row: Values): Values {
    if (cell.owned) return row
    const copy = { ...row }
    cell.row = copy
    cell.owned = true
    return copy
  }

  #touch(cell: Cell, position: number): void {
    cell.position = position
    if (cell.dirty) return
    cell.dirty = true
    this.#dirty.push(cell)
  }
}

const forgotten = 'The row that was asked for is forgotten: its event is handled again, from the last commit on.'

/** Frozen: a handler that changed it would change what is kept, and not what is written. */
function handOut(cell: Cell): Readonly<Values> | undefined {
  cell.owned = false
  return cell.row === undefined ? undefined : Object.freeze(cell.row)
}
