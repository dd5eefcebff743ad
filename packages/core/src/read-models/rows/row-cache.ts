import type { Cell } from './cell.ts'
import { roughBytes } from './rough-bytes.ts'
import type { KeyValue } from './row-shape.ts'

/** The rows of one table that are in memory. */
export class RowCache {
  readonly #cells = new Map<string, Cell>()
  #bytes = 0

  /** The cell of a row; a new one, not known yet, where there is none. */
  cell(tenantId: string, key: readonly KeyValue[]): Cell {
    // NUL is in no tenant id and no text: distinct keys never meet.
    const id = key.length === 1 ? `${tenantId}\0${key[0]}` : `${tenantId}\0${key.join('\0')}`
    const found = this.#cells.get(id)
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
    this.#cells.set(id, cell)
    return cell
  }

  holds(cell: Cell): boolean {
    return this.#cells.get(cell.id) === cell
  }

  /** Takes stock of what a cell takes. */
  measure(cell: Cell): void {
    const bytes = roughBytes(cell)
    this.#bytes += bytes - cell.bytes
    cell.bytes = bytes
  }

  drop(cell: Cell): void {
    if (!this.holds(cell)) return
    this.#cells.delete(cell.id)
    this.#bytes -= cell.bytes
  }

  /** Drops rows that were not asked for since the last time, oldest first, until at most so many, of so many bytes, are left. */
  shrink(maxRows: number, maxBytes: number): void {
    const fits = (): boolean => this.#cells.size <= maxRows && this.#bytes <= maxBytes
    if (fits()) return
    // Twice round is enough: the first takes the mark off, the second drops.
    let left = this.#cells.size * 2
    for (const cell of this.#cells.values()) {
      if (left-- === 0 || fits()) return
      if (cell.used || cell.dirty || cell.writing || !cell.known) {
        cell.used = false
        // To the end, where the walk comes by again.
        this.#cells.delete(cell.id)
        this.#cells.set(cell.id, cell)
      } else this.drop(cell)
    }
  }
}
