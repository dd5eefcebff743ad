import type { CommitGraph } from '../git/commit-graph.ts'
import type { Commit } from '../git/commit.ts'
import { applyCommit } from './apply-commit.ts'
import { applyMerge } from './apply-merge.ts'
import type { LifeChange } from './life-change.ts'
import { newTree, type Tree } from './tree.ts'

/**
 * Follows each file's life through renames, branches and merges. The answer is a function of the commits alone, not of
 * the order in which branches are read: an interrupted, resumed or later import comes to the same lives.
 *
 * Memory holds the trees of those commits only that still have children to come, and trees share what is equal.
 */
export class LifeTracker {
  readonly #graph: Pick<CommitGraph, 'childrenOf'>
  readonly #trees = new Map<string, { readonly tree: Tree; childrenLeft: number }>()

  constructor(graph: Pick<CommitGraph, 'childrenOf'>) {
    this.#graph = graph
  }

  /** Takes the next commit, parents before children. */
  apply(commit: Commit): readonly LifeChange[] {
    const parents = [...new Set(commit.parents)]
    const [first = newTree(), ...others] = parents.map((sha) => this.#treeOf(sha, commit))
    // After this, the first parent's tree is nobody's: it may be changed instead of copied.
    const last = this.#trees.get(parents[0] ?? '')?.childrenLeft === 1
    const { tree, changes } = others.length === 0 ? applyCommit(first, commit, last) : applyMerge([first, ...others], commit, last)
    for (const sha of parents) this.#release(sha)
    const childrenLeft = this.#graph.childrenOf(commit.sha)
    if (childrenLeft > 0) this.#trees.set(commit.sha, { tree, childrenLeft })
    return changes
  }

  #treeOf(sha: string, child: Commit): Tree {
    const known = this.#trees.get(sha)
    if (known === undefined) throw new Error(`Commit ${child.sha} came before its parent ${sha}.`)
    return known.tree
  }

  #release(sha: string): void {
    const known = this.#trees.get(sha)
    if (known !== undefined && --known.childrenLeft <= 0) this.#trees.delete(sha)
  }
}
