import type { FileKind, LineCounts } from '../git/commit.ts'

/** What a commit did to one file's life. */
export interface LifeChange {
  readonly life: string
  /** `merged`: a merge wrote content that none of its parents has. `settled`: it chose the path its branches disagreed on. */
  readonly what: 'added' | 'modified' | 'renamed' | 'deleted' | 'merged' | 'settled'
  readonly path: string
  readonly from: string | undefined
  readonly kind: FileKind
  readonly lines: LineCounts
}

export const noLines: LineCounts = { added: 0, deleted: 0, binary: false }
