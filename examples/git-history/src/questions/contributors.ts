import type { History } from './history.ts'
import { compare } from './hotspots.ts'

export interface ContributorRow {
  readonly id: string
  /** The spelling used first. */
  readonly name: string
  readonly commits: number
  readonly linesAdded: number
  readonly linesDeleted: number
  readonly firstAt: string
  readonly lastAt: string
}

/** Who wrote most commits. */
export function contributors(history: History, limit: number): readonly ContributorRow[] {
  return [...history.contributors]
    .map(([id, { names, commits, linesAdded, linesDeleted, firstAt, lastAt }]) => ({
      id,
      name: names[0] ?? '',
      commits,
      linesAdded,
      linesDeleted,
      firstAt,
      lastAt,
    }))
    .toSorted((a, b) => b.commits - a.commits || compare(a.id, b.id))
    .slice(0, limit)
}
