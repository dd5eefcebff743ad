import { derivedUuid } from '@cairn/cairn'
import { contributorCommands, contributorId, fileCommands } from '../domain/index.ts'
import type { Commit } from '../git/commit.ts'
import type { LifeChange } from '../lives/life-change.ts'
import type { HistoryCommand } from './history-app.ts'

/**
 * What one change of one file asks for. The command's id comes from what it says, so a commit that is read again leads
 * to the same ids, and what took effect before is answered and not repeated.
 */
export function fileCommand(commit: Commit, change: LifeChange): HistoryCommand {
  const options = { id: derivedUuid('git-history.command', commit.sha, change.life) }
  const { sha, authoredAt: at } = commit
  const { path, kind } = change
  const { added: linesAdded, deleted: linesDeleted, binary } = change.lines
  const base = { fileId: change.life, commit: sha, by: contributorId(commit.author), at, path }
  switch (change.what) {
    case 'added':
      return fileCommands.add({ ...base, kind, linesAdded, linesDeleted, binary }, options)
    case 'modified':
      return fileCommands.modify({ ...base, kind, linesAdded, linesDeleted, binary }, options)
    case 'renamed':
      return fileCommands.rename({ ...base, from: change.from ?? path, kind, linesAdded, linesDeleted, binary }, options)
    case 'deleted':
      return fileCommands.delete({ ...base, linesAdded, linesDeleted, binary }, options)
    case 'merged':
      return fileCommands.merge({ ...base, kind }, options)
    case 'settled':
      return fileCommands.settle({ ...base, kind }, options)
  }
}

/** The author's part. A merge counts as a commit without lines: the lines are those of its parents. */
export function contributionCommand(commit: Commit, changes: readonly LifeChange[]): HistoryCommand {
  return contributorCommands.contribute(
    {
      contributorId: contributorId(commit.author),
      commit: commit.sha,
      parents: [...commit.parents],
      at: commit.authoredAt,
      name: commit.author.name,
      email: commit.author.email,
      subject: commit.subject,
      files: changes.length,
      linesAdded: changes.reduce((sum, change) => sum + change.lines.added, 0),
      linesDeleted: changes.reduce((sum, change) => sum + change.lines.deleted, 0),
    },
    { id: derivedUuid('git-history.command', commit.sha, 'contribution') },
  )
}
