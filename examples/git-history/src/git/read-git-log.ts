import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Commit } from './commit.ts'
import { LogParser, logFormat } from './log-parser.ts'
import { gitOutput, runGit } from './run-git.ts'
import { NulSplitter } from './split-at-nul.ts'

/**
 * Every commit that `tips` reach, parents before children, as a stream: memory does not grow with the history, and a
 * slow reader pauses git.
 *
 * Renames are detected (at least half of the lines alike). A merge is compared with its first parent; what it brings
 * from the others was recorded with their commits, and telling the two apart is `LifeTracker`'s work. Lines of binary
 * files are not counted. The caller's configuration, mailmap, replace refs, grafts and pager have no influence, and neither has the
 * working tree: its .gitattributes say which files are binary today, and the same commit must read the same tomorrow, and in a bare clone.
 * @param signal ends it early; the last commit may then be incomplete and is left out
 * @throws GitError
 */
export async function* readGitLog(folder: string, tips: readonly string[], signal?: AbortSignal): AsyncGenerator<Commit, void, undefined> {
  if (tips.length === 0) return
  const splitter = new NulSplitter()
  const parser = new LogParser()
  // In an empty working tree: run where git keeps its data, it would go by core.worktree to the one that is meant to be left out.
  const gitDir = await gitOutput(folder, ['rev-parse', '--absolute-git-dir'])
  const workTree = await mkdtemp(join(tmpdir(), 'cairn-no-work-tree-'))
  try {
    for await (const chunk of runGit(folder, [...logArguments, ...tips, '--'], signal, { gitDir, workTree })) {
      for (const token of splitter.push(chunk)) {
        const commit = parser.push(token)
        if (commit !== undefined) yield commit
      }
    }
  } finally {
    await rm(workTree, { recursive: true, force: true, maxRetries: 5 })
  }
  if (signal?.aborted === true) return
  // The last token has no NUL behind it when it is a subject, but its commit is whole by then.
  for (const token of splitter.end()) parser.push(token)
  const last = parser.end()
  if (last !== undefined) yield last
}

const logArguments = [
  'log',
  '--topo-order',
  '--reverse',
  '--diff-merges=first-parent',
  '--raw',
  '--numstat',
  '-z',
  '--no-abbrev',
  '-M50%',
  '-l1000',
  '--diff-algorithm=myers',
  // No order but git's own: an empty diff.orderFile is refused, and a relative one would be looked for in the empty working tree.
  '-O/dev/null',
  '--no-color',
  '--no-ext-diff',
  '--no-textconv',
  '--no-relative',
  // Goes before what .gitmodules says, too.
  '--ignore-submodules=none',
  '--no-notes',
  '--no-mailmap',
  '--no-show-signature',
  `--format=${logFormat}`,
]
