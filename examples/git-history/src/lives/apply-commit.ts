import { derivedUuid } from '@cairn/cairn'
import type { Commit, FileChange } from '../git/commit.ts'
import type { LifeChange } from './life-change.ts'
import type { LifeState, Tree } from './tree.ts'

export interface Applied {
  readonly tree: Tree
  readonly changes: readonly LifeChange[]
}

/**
 * A commit with one parent or none: each change of a file is one step of its life.
 * @param last gives `before` up: nobody else needs it
 */
export function applyCommit(before: Tree, commit: Commit, last: boolean): Applied {
  const paths = before.paths.edit(last)
  const lives = before.lives.edit(last)
  const changes: LifeChange[] = []
  const leaving = new Map<string, string>()
  // What leaves goes first, so that the order in which git lists the changes does not matter.
  for (const change of commit.changes) {
    const from = change.status === 'deleted' ? change.path : change.from
    if (from === undefined) continue
    leaving.set(from, lifeAt(before, from, commit))
    paths.delete(from)
  }
  for (const change of commit.changes) {
    const life = lifeOf(change, leaving, before, commit)
    lives.set(life, nextState(lives.get(life), change, commit.sha))
    if (change.status !== 'deleted') paths.set(change.path, life)
    changes.push({ life, what: change.status, path: change.path, from: change.from, kind: change.kind, lines: change.lines })
  }
  return { tree: { paths: paths.done(), lives: lives.done() }, changes }
}

/** A life is named after its beginning, so every import of every clone gives it the same id. */
export function newLife(commit: Commit, path: string): string {
  return derivedUuid('git-history.file', commit.sha, path)
}

export function lifeAt(tree: Tree, path: string, commit: Commit): string {
  const life = tree.paths.get(path)
  if (life === undefined) throw new Error(`Commit ${commit.sha} changes ${JSON.stringify(path)}, which its parent does not have.`)
  return life
}

function lifeOf(change: FileChange, leaving: ReadonlyMap<string, string>, before: Tree, commit: Commit): string {
  if (change.status === 'added') return newLife(commit, change.path)
  return leaving.get(change.from ?? (change.status === 'deleted' ? change.path : '')) ?? lifeAt(before, change.path, commit)
}

function nextState(state: LifeState | undefined, change: FileChange, sha: string): LifeState {
  const moves = state?.moves ?? []
  return {
    path: change.status === 'deleted' ? undefined : change.path,
    content: change.content,
    moves: change.status === 'modified' ? moves : [...moves, sha],
  }
}
