const bucketCount = 2048

type Bucket<V> = Map<string, V>

// Never changed: it is nobody's own, so an edit copies it first.
const none = new Map<string, never>()

/**
 * An immutable map that shares with the maps it came from whatever did not change: one per commit, thousands of which
 * differ by a few keys. Two levels are enough: an edit copies the list of buckets and the buckets it touches.
 */
export class PersistentMap<V> {
  readonly #buckets: Bucket<V>[]
  /** The buckets that no other map shares. */
  readonly #owned: Set<number>

  constructor(buckets?: Bucket<V>[], owned = new Set<number>()) {
    this.#buckets = buckets ?? Array.from({ length: bucketCount }, () => none)
    this.#owned = owned
  }

  get(key: string): V | undefined {
    return this.#buckets[bucketOf(key)]?.get(key)
  }

  /** Keys whose values are not one and the same in both maps; cheap where the maps share most of what they hold. */
  *keysThatDiffer(other: PersistentMap<V>): Generator<string, void, undefined> {
    for (const [i, mine] of this.#buckets.entries()) {
      const theirs = other.#buckets[i]
      if (theirs === undefined || mine === theirs) continue
      for (const [key, value] of mine) if (theirs.get(key) !== value) yield key
      for (const key of theirs.keys()) if (!mine.has(key)) yield key
    }
  }

  /**
   * Starts a changed copy. With `last`, this map is given up for it: nothing is copied that only this map held, and this
   * map must not be used again. Most commits are their parent's only child, and copying made most of the garbage.
   */
  edit(last = false): MapEdit<V> {
    if (last) return new MapEdit(this.#buckets, this.#owned)
    this.#owned.clear()
    return new MapEdit([...this.#buckets], new Set())
  }
}

/** A copy being changed; `done` makes it a map of its own. */
export class MapEdit<V> {
  readonly #buckets: Bucket<V>[]
  readonly #owned: Set<number>

  constructor(buckets: Bucket<V>[], owned: Set<number>) {
    this.#buckets = buckets
    this.#owned = owned
  }

  get(key: string): V | undefined {
    return this.#buckets[bucketOf(key)]?.get(key)
  }

  set(key: string, value: V): void {
    this.#own(key).set(key, value)
  }

  delete(key: string): void {
    this.#own(key).delete(key)
  }

  done(): PersistentMap<V> {
    return new PersistentMap(this.#buckets, this.#owned)
  }

  #own(key: string): Bucket<V> {
    const at = bucketOf(key)
    const bucket = this.#buckets[at]
    if (bucket !== undefined && this.#owned.has(at)) return bucket
    const copy = new Map(bucket)
    this.#owned.add(at)
    this.#buckets[at] = copy
    return copy
  }
}

/** FNV-1a. */
function bucketOf(key: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  return (hash ^ (hash >>> 16)) & (bucketCount - 1)
}
