import { PersistentMap } from './persistent-map.ts'

/** What one commit says of one life. */
export interface LifeState {
  /** Undefined: the file was deleted. */
  readonly path: string | undefined
  /** The content's object id. */
  readonly content: string | undefined
  /** The commits that began it, moved it, ended it or brought it back, on the way here: what decided its path. */
  readonly moves: readonly string[]
}

/** All lives as one commit sees them. */
export interface Tree {
  /** The life at each path. */
  readonly paths: PersistentMap<string>
  /** Deleted ones included: a merge must know that a branch deleted a file, not only that it is gone. */
  readonly lives: PersistentMap<LifeState>
}

export function newTree(): Tree {
  return { paths: new PersistentMap(), lives: new PersistentMap() }
}
