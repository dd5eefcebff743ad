import { contributors } from '../questions/contributors.ts'
import type { History } from '../questions/history.ts'
import { hotspots } from '../questions/hotspots.ts'
import { ownersOfFolders } from '../questions/owners.ts'
import type { ReadAnswers } from './read-models.ts'

/**
 * The questions that the tables answer otherwise than the events do: none, or something is wrong. Every row must be one that the
 * events give, and the counts that rows are ordered by must be the same; who comes first among equals is the database's affair.
 */
export function differences(history: History, read: ReadAnswers): readonly string[] {
  const folders = ownersOfFolders(history, 2, Infinity)
  const owners = read.owners.map(({ path, files, owner, share }) => ({ path, files, owner, share }))
  const same: Readonly<Record<string, boolean>> = {
    commits: history.commits === read.commits,
    hotspots: agree(hotspots(history, Infinity), read.hotspots, (row) => row.changes),
    owners: agree(folders, owners, (row) => row.files),
    contributors: agree(contributors(history, Infinity), read.contributors, (row) => row.commits),
  }
  return Object.keys(same).filter((name) => same[name] === false)
}

function agree<T>(folded: readonly T[], read: readonly T[], countOf: (row: T) => number): boolean {
  const rows = new Set(folded.map(textOf))
  return read.every((row, i) => rows.has(textOf(row)) && countOf(row) === countOf(folded[i] ?? row))
}

/** PostgreSQL divides decimals, JavaScript doubles. */
function textOf(row: unknown): string {
  return JSON.stringify(row, (_, value: unknown) => (typeof value === 'number' && !Number.isInteger(value) ? value.toFixed(9) : value))
}
