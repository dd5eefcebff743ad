import { runGit } from './run-git.ts'

/** What must be known of a history before it is read: how long it is, and where it branches. */
export interface CommitGraph {
  readonly commits: number
  /** How many of them the caller knew. */
  readonly known: number
  /** How many commits have this one as a parent. */
  childrenOf(sha: string): number
}

/** Walks the commits that `tips` reach, without looking at files. */
export async function readCommitGraph(
  folder: string,
  tips: readonly string[],
  knownBefore: ReadonlySet<string> = new Set(),
  signal?: AbortSignal,
): Promise<CommitGraph> {
  let commits = 0
  let known = 0
  // Most commits have one child; only the others are worth a place.
  const seen = new Map<string, number>()
  const several = new Map<string, number>()
  let rest = ''
  if (tips.length > 0) {
    for await (const chunk of runGit(folder, ['rev-list', '--parents', '--topo-order', ...tips, '--'], signal)) {
      const lines = (rest + chunk.toString('latin1')).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        const [sha = '', ...parents] = line.split(' ')
        commits++
        if (knownBefore.has(sha)) known++
        for (const parent of new Set(parents)) seen.set(parent, (seen.get(parent) ?? 0) + 1)
        // Children come before parents: this count is final.
        const children = seen.get(sha) ?? 0
        seen.delete(sha)
        if (children !== 1) several.set(sha, children)
      }
    }
  }
  return { commits, known, childrenOf: (sha) => several.get(sha) ?? 1 }
}
