import type { Cell } from './cell.ts'
import { roughBytes } from './rough-bytes.ts'
import type { KeyValue } from './row-shape.ts'

/** The rows of one table that are in memory. */
export class RowCache {
  /** By tenant, then by key: two look-ups of strings that exist cost a fifth of making one string of both (measured). */
  readonly #index = new Map<string, Map<KeyValue, Cell>>()
  #last: { readonly tenantId: string; readonly cells: Map<KeyValue, Cell> } | undefined
  /** Oldest first. */
  readonly #cells = new Set<Cell>()
  #bytes = 0

  /** The cell of a row; a new one, not known yet, where there is none. */
  cell(tenantId: string, key: readonly KeyValue[]): Cell {
    const id = idOf(key)
    const ofTenant = this.#ofTenant(tenantId)
    const found = ofTenant.get(id)
    if (found !== undefined) {
      found.used = true
      return found
    }
    const cell: Cell = {
      id,
      tenantId,
      key,
      known: false,
      row: undefined,
      owned: false,
      position: 0,
      dirty: false,
      writing: false,
      mayBeStored: true,
      waiting: undefined,
      used: true,
      bytes: 0,
    }
    ofTenant.set(id, cell)
    this.#cells.add(cell)
    return cell
  }

  #ofTenant(tenantId: string): Map<KeyValue, Cell> {
    // Neighbours in the log are often of one tenant.
    if (this.#last?.tenantId === tenantId) return this.#last.cells
    let cells = this.#index.get(tenantId)
    if (cells === undefined) this.#index.set(tenantId, (cells = new Map()))
    this.#last = { tenantId, cells }
    return cells
  }

  holds(cell: Cell): boolean {
    return this.#cells.has(cell)
  }

  /** Takes stock of what a cell takes. */
  measure(cell: Cell): void {
    const bytes = roughBytes(cell)
    this.#bytes += bytes - cell.bytes
    cell.bytes = bytes
  }

  drop(cell: Cell): void {
    if (!this.#cells.delete(cell)) return
    const ofTenant = this.#index.get(cell.tenantId)
    ofTenant?.delete(cell.id)
    if (ofTenant?.size === 0) {
      this.#index.delete(cell.tenantId)
      this.#last = undefined
    }
    this.#bytes -= cell.bytes
  }

  /** Drops rows that were not asked for since the last time, oldest first, until at most so many, of so many bytes, are left. */
  shrink(maxRows: number, maxBytes: number): void {
    const fits = (): boolean => this.#cells.size <= maxRows && this.#bytes <= maxBytes
    if (fits()) return
    // Twice round is enough: the first takes the mark off, the second drops.
    let left = this.#cells.size * 2
    for (const cell of this.#cells) {
      if (left-- === 0 || fits()) return
      if (cell.used || cell.dirty || cell.writing || !cell.known) {
        cell.used = false
        // To the end, where the walk comes by again.
        this.#cells.delete(cell)
        this.#cells.add(cell)
      } else this.drop(cell)
    }
  }
}

/** NUL is in no text: distinct keys never meet. */
function idOf(key: readonly KeyValue[]): KeyValue {
  const [only] = key
  return key.length === 1 && only !== undefined ? only : key.join('\0')
}
