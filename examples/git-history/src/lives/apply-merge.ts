import type { Commit, FileChange } from '../git/commit.ts'
import { type Applied, lifeAt, newLife } from './apply-commit.ts'
import { type LifeChange, noLines } from './life-change.ts'
import type { LifeState, Tree } from './tree.ts'

/**
 * A merge. What came with one of its parents was recorded with that parent's commits and is not recorded again; only
 * what the merge itself decided is: content that no parent has, a place or an end on which the parents disagree, a file
 * that none of them knew. With that, the events of a commit's ancestors, folded in any order that puts parents first,
 * give exactly that commit's files.
 * @param last gives the first parent's tree up: nobody else needs it
 */
export function applyMerge(parents: readonly [Tree, ...Tree[]], commit: Commit, last: boolean): Applied {
  const [first, ...others] = parents
  const placed = placeFiles(first, others, commit)
  const questions = livesInQuestion(first, others, commit, placed)
  const paths = first.paths.edit(last)
  for (const change of commit.changes) {
    const from = change.status === 'deleted' ? change.path : change.from
    if (from !== undefined) paths.delete(from)
  }
  for (const [life, change] of placed) paths.set(change.path, life)

  const lives = first.lives.edit(last)
  const changes: LifeChange[] = []
  for (const life of questions) {
    const known = parents.map((parent) => parent.lives.get(life))
    const now = stateAfter(life, known[0], placed.get(life), paths.get(known[0]?.path ?? '') === life)
    const decided = whatTheMergeDecided(known, now)
    const union = unionOf(known)
    const moves = decided === 'place' ? [...union, commit.sha] : union
    // An equal state is kept as the very same object: that keeps later comparisons of trees cheap.
    const same = known.find((s) => s !== undefined && s.path === now.path && s.content === now.content && s.moves === moves)
    lives.set(life, same ?? { path: now.path, content: now.content, moves })
    if (decided !== undefined) changes.push(changeOf(life, decided, known, now, placed.get(life)))
  }
  return { tree: { paths: paths.done(), lives: lives.done() }, changes }
}

/** Which life each new or changed path of the merge goes on with. */
function placeFiles(first: Tree, others: readonly Tree[], commit: Commit): Map<string, FileChange> {
  const left = new Set<string>()
  for (const change of commit.changes) if (change.status === 'deleted') left.add(change.path)
  for (const change of commit.changes) if (change.from !== undefined) left.add(change.from)
  const placed = new Map<string, FileChange>()
  /** True when the merge has this life at another path already: one life cannot be in two places. */
  const taken = (life: string): boolean => {
    const path = first.lives.get(life)?.path
    return placed.has(life) || (path !== undefined && !left.has(path))
  }
  for (const change of commit.changes) {
    if (change.status === 'deleted') continue
    if (change.status === 'modified') {
      placed.set(lifeAt(first, change.path, commit), change)
      continue
    }
    const source = change.from === undefined ? undefined : lifeAt(first, change.from, commit)
    const candidates = [...others.map((other) => other.paths.get(change.path)), source]
    const life = candidates.find((candidate) => candidate !== undefined && !taken(candidate))
    placed.set(life ?? newLife(commit, change.path), change)
  }
  return placed
}

/** Every life that the merge placed, that left a path, or of which two parents say different things. */
function livesInQuestion(first: Tree, others: readonly Tree[], commit: Commit, placed: ReadonlyMap<string, unknown>): Set<string> {
  const lives = new Set(placed.keys())
  for (const change of commit.changes) {
    const from = change.status === 'deleted' ? change.path : change.from
    if (from !== undefined) lives.add(lifeAt(first, from, commit))
  }
  for (const other of others) for (const life of first.lives.keysThatDiffer(other.lives)) lives.add(life)
  return lives
}

type Place = Pick<LifeState, 'path' | 'content'>

function stateAfter(life: string, inFirst: LifeState | undefined, change: FileChange | undefined, stays: boolean): Place {
  if (change !== undefined) return { path: change.path, content: change.content }
  return stays && inFirst !== undefined ? inFirst : { path: undefined, content: undefined }
}

/**
 * Undefined when folding the parents' events gives the merge's state without help.
 *
 * A fold's path is that of the last move. Whatever the order, the last of all parents' moves is the last of some
 * parent's, so the fold comes to that parent's path; a parent whose moves are among another's cannot be the one.
 */
function whatTheMergeDecided(parents: readonly (LifeState | undefined)[], now: Place): 'place' | 'content' | undefined {
  const speaking = parents.filter((state, i) => !parents.some((other, k) => k !== i && isAhead(other, state)))
  if (speaking.some((state) => state === undefined || state.path !== now.path)) return 'place'
  const changed = now.path !== undefined && parents.every((state) => state?.content !== now.content)
  return changed ? 'content' : undefined
}

/** True when the other branch has all moves of this one and more. */
function isAhead(other: LifeState | undefined, state: LifeState | undefined): boolean {
  if (other === undefined || other.moves === state?.moves) return false
  const mine = state?.moves ?? []
  return other.moves.length > mine.length && mine.every((move) => other.moves.includes(move))
}

/** Each move once; one of the parents' own arrays when that has them all. */
function unionOf(parents: readonly (LifeState | undefined)[]): readonly string[] {
  let union: readonly string[] = []
  for (const { moves } of parents.filter((state) => state !== undefined)) {
    const missing = moves.filter((move) => !union.includes(move))
    if (missing.length === moves.length && union.length === 0) union = moves
    else if (union.every((move) => moves.includes(move))) union = moves
    else if (missing.length > 0) union = [...union, ...missing]
  }
  return union
}

function changeOf(
  life: string,
  decided: 'place' | 'content',
  parents: readonly (LifeState | undefined)[],
  now: Place,
  change: FileChange | undefined,
): LifeChange {
  const isNew = parents.every((state) => state === undefined)
  const ended = now.path === undefined
  return {
    life,
    what: decided === 'content' ? 'merged' : isNew ? 'added' : ended ? 'deleted' : 'settled',
    path: now.path ?? parents.find((state) => state?.path !== undefined)?.path ?? '',
    from: undefined,
    kind: change?.kind ?? 'file',
    // Against the first parent git would count the other parents' lines once more.
    lines: isNew ? (change?.lines ?? noLines) : noLines,
  }
}
