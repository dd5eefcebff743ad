import type { FileState } from '../domain/index.ts'
import type { History } from './history.ts'

export interface Hotspot {
  readonly path: string
  readonly changes: number
  readonly contributors: number
  readonly linesAdded: number
  readonly linesDeleted: number
}

/** The files that are there and were changed most. */
export function hotspots(history: History, limit: number): readonly Hotspot[] {
  return livingFiles(history)
    .map((file) => ({
      path: file.path,
      changes: file.changes,
      contributors: file.shares.length,
      linesAdded: file.linesAdded,
      linesDeleted: file.linesDeleted,
    }))
    .toSorted((a, b) => b.changes - a.changes || compare(a.path, b.path))
    .slice(0, limit)
}

export function livingFiles(history: History): readonly FileState[] {
  return [...history.files.values()].filter((file) => file.alive)
}

export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
