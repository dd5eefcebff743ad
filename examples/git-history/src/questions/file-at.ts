import type { FileState } from '../domain/index.ts'
import type { History } from './history.ts'

export interface FileLife {
  readonly life: string
  readonly state: FileState
}

/** The life that is at a path in a history; read the history at a commit to ask for that commit. */
export function fileAt(history: History, path: string): FileLife | undefined {
  for (const [life, state] of history.files) if (state.alive && state.path === path) return { life, state }
  return undefined
}

/** All lives that were ever at a path, those still there and those that ended or moved on. */
export function livesAt(history: History, path: string): readonly FileLife[] {
  return [...history.files].filter(([, state]) => state.paths.includes(path)).map(([life, state]) => ({ life, state }))
}
