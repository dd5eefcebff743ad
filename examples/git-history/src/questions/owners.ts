import type { FileState } from '../domain/index.ts'
import type { History } from './history.ts'
import { compare, livingFiles } from './hotspots.ts'

export interface Ownership {
  /** A file, or a folder with all below it. */
  readonly path: string
  readonly files: number
  /** The contributor who added most lines; with no lines at all, who changed it most often. */
  readonly owner: string
  /** The owner's part of the added lines, 0 to 1. */
  readonly share: number
}

/** Who owns a file that is there; undefined when it is not. */
export function ownerOfFile(history: History, path: string): Ownership | undefined {
  const file = livingFiles(history).find((candidate) => candidate.path === path)
  return file === undefined ? undefined : ownership(path, [file])
}

/** Who owns the folders `depth` levels down, those with most files first. Files above that level count as their own folder. */
export function ownersOfFolders(history: History, depth: number, limit: number): readonly Ownership[] {
  const folders = new Map<string, FileState[]>()
  for (const file of livingFiles(history)) {
    const folder = file.path.split('/').slice(0, -1).slice(0, depth).join('/') || '.'
    const files = folders.get(folder)
    if (files === undefined) folders.set(folder, [file])
    else files.push(file)
  }
  return [...folders]
    .toSorted(([a, some], [b, others]) => others.length - some.length || compare(a, b))
    .slice(0, limit)
    .map(([folder, files]) => ownership(folder, files))
}

function ownership(path: string, files: readonly FileState[]): Ownership {
  const parts = new Map<string, { linesAdded: number; changes: number }>()
  let lines = 0
  let changes = 0
  for (const share of files.flatMap((file) => file.shares)) {
    const part = parts.get(share.by) ?? { linesAdded: 0, changes: 0 }
    part.linesAdded += share.linesAdded
    part.changes += share.changes
    parts.set(share.by, part)
    lines += share.linesAdded
    changes += share.changes
  }
  const [first] = [...parts].toSorted(
    ([a, some], [b, other]) => other.linesAdded - some.linesAdded || other.changes - some.changes || compare(a, b),
  )
  if (first === undefined) return { path, files: files.length, owner: '', share: 0 }
  const [owner, part] = first
  return { path, files: files.length, owner, share: lines > 0 ? part.linesAdded / lines : part.changes / Math.max(1, changes) }
}
