import type { PhysicalTable, RowKey, RowStorePort, RowWrites, StoredRow } from '@cairn/core'

/** 2 MiB: with ten million rows every other key is still known to be absent. */
const bits = 1 << 24

/**
 * Knows of a partition that began empty which rows it certainly has not written, so that they need not be looked for: most of
 * the reads of a rebuild are for rows that are not there yet. A Bloom filter, so it forgets nothing and stays small.
 */
export class KnownAbsent {
  #words: Uint32Array | undefined = new Uint32Array(bits / 32)

  /** From now on rows may have been written by somebody else. */
  giveUp(): void {
    this.#words = undefined
  }

  /** Reads only what may be there. */
  around(rows: Pick<RowStorePort, 'load'>): Pick<RowStorePort, 'load'> {
    return {
      load: async (table, keys) => {
        const possible = keys.filter((key) => this.#mayBeThere(table, key))
        if (possible.length === 0) return keys.map(() => undefined)
        if (possible.length === keys.length) return rows.load(table, keys)
        const loaded = new Map<RowKey, StoredRow | undefined>()
        const found = await rows.load(table, possible)
        for (const [i, key] of possible.entries()) loaded.set(key, found[i])
        return keys.map((key) => loaded.get(key))
      },
    }
  }

  /** Notes what is written, and tells the store which rows it need not look for. */
  noting(rows: RowStorePort): RowStorePort {
    return {
      load: (table, keys) => rows.load(table, keys),
      write: (table, writes) => {
        const marked = this.#words === undefined ? writes : { ...writes, upserts: writes.upserts.map((row) => this.#marked(table, row)) }
        this.#note(table, writes)
        return rows.write(table, marked)
      },
    }
  }

  #marked<R extends RowKey>(table: PhysicalTable, row: R): R | (R & { readonly fresh: true }) {
    return this.#mayBeThere(table, row) ? row : { ...row, fresh: true }
  }

  #note(table: PhysicalTable, { upserts }: RowWrites): void {
    const words = this.#words
    if (words === undefined) return
    for (const row of upserts) {
      const [a, b] = hashes(table, row)
      words[a >>> 5] = (words[a >>> 5] ?? 0) | (1 << (a & 31))
      words[b >>> 5] = (words[b >>> 5] ?? 0) | (1 << (b & 31))
    }
  }

  #mayBeThere(table: PhysicalTable, key: RowKey): boolean {
    const words = this.#words
    if (words === undefined) return true
    const [a, b] = hashes(table, key)
    return ((words[a >>> 5] ?? 0) & (1 << (a & 31))) !== 0 && ((words[b >>> 5] ?? 0) & (1 << (b & 31))) !== 0
  }
}

/** Two places of a key among the bits. */
function hashes({ name }: PhysicalTable, { tenantId, key }: RowKey): readonly [number, number] {
  const text = `${name}\0${tenantId}\0${key.join('\0')}`
  let a = 0x811c9dc5
  let b = 0x9747b28c
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    a = Math.imul(a ^ unit, 0x01000193)
    b = Math.imul(b ^ unit, 0x5bd1e995)
    b ^= b >>> 13
  }
  a = Math.imul(a ^ (a >>> 15), 0x85ebca6b)
  return [((a ^ (a >>> 13)) >>> 0) % bits, ((b ^ (b >>> 15)) >>> 0) % bits]
}
