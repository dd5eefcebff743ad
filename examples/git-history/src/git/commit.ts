/** What stands at a path. */
export type FileKind = 'file' | 'executable' | 'symlink' | 'submodule'

/** Lines as git counts them; a binary file has none. */
export interface LineCounts {
  readonly added: number
  readonly deleted: number
  readonly binary: boolean
}

export interface FileChange {
  readonly status: 'added' | 'modified' | 'deleted' | 'renamed'
  /** The path after the commit (before it, for a deletion), as `bytesToText` spells it. */
  readonly path: string
  /** Where a renamed file was before. */
  readonly from: string | undefined
  readonly kind: FileKind
  /** The content's object id after the commit; undefined for a deletion. */
  readonly content: string | undefined
  readonly lines: LineCounts
}

export interface Person {
  readonly name: string
  readonly email: string
}

export interface Commit {
  readonly sha: string
  /** In git's order: the first is the branch that was merged into. */
  readonly parents: readonly string[]
  readonly author: Person
  /** ISO 8601, UTC. */
  readonly authoredAt: string
  readonly subject: string
  /** Against the first parent, for a merge too. */
  readonly changes: readonly FileChange[]
}
