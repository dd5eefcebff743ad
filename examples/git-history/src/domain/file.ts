import { aggregate, BusinessRuleViolation } from '@cairn/cairn'
import { z } from 'zod'
import { Kind } from './fields.ts'
import { fileCommands } from './file-commands.ts'
import { fileEvents } from './file-events.ts'

const Share = z.object({ by: z.string(), changes: z.int(), linesAdded: z.int() })

const FileState = z.object({
  alive: z.boolean(),
  /** Where it is, or was last. */
  path: z.string(),
  kind: Kind,
  /** Every path it had, oldest first. */
  paths: z.array(z.string()),
  bornIn: z.string(),
  changes: z.int(),
  linesAdded: z.int(),
  linesDeleted: z.int(),
  lastCommit: z.string(),
  lastAt: z.string(),
  /** Who did how much of it. */
  shares: z.array(Share),
})
export type FileState = z.output<typeof FileState>

interface Change {
  readonly commit: string
  readonly by: string
  readonly at: string
  readonly linesAdded?: number
  readonly linesDeleted?: number
}

function unborn(): FileState {
  return {
    alive: false,
    path: '',
    kind: 'file',
    paths: [],
    bornIn: '',
    changes: 0,
    linesAdded: 0,
    linesDeleted: 0,
    lastCommit: '',
    lastAt: '',
    shares: [],
  }
}

/**
 * A file's life: from the commit that added it, through its renames, to its deletion. A file added again at the same path
 * is another life.
 *
 * Branches interleave in one stream, so a change may follow a deletion that another branch made. `modified` and `merged`
 * therefore never move the file; only what decides its place does.
 */
export class File extends aggregate(fileEvents, unborn) {
  static readonly handlers = this.handle(fileCommands, {
    add: (file, command) => file.raise('added', command),
    modify: (file, command) => file.mustExist().raise('modified', command),
    rename: (file, command) => file.mustExist().raise('renamed', command),
    delete: (file, command) => file.mustExist().raise('deleted', command),
    merge: (file, command) => file.mustExist().raise('merged', command),
    settle: (file, command) => file.mustExist().raise('settled', command),
  })

  static readonly evolve = this.fold({
    added: (state, event) => ({ ...counted(state, event), ...placed(state, event.path), kind: event.kind, bornIn: event.commit }),
    modified: (state, event) => ({ ...counted(state, event), kind: event.kind }),
    renamed: (state, event) => ({ ...counted(state, event), ...placed(state, event.path), kind: event.kind }),
    deleted: (state, event) => ({ ...counted(state, event), alive: false }),
    merged: (state, event) => ({ ...counted(state, event), kind: event.kind }),
    settled: (state, event) => ({ ...counted(state, event), ...placed(state, event.path), kind: event.kind }),
  })

  static readonly snapshots = this.snapshotEvery(100, FileState)

  private mustExist(): this {
    if (this.version === 0) throw new BusinessRuleViolation(`File ${this.id} was never added. Import the commits before this one first.`)
    return this
  }
}

function placed(state: FileState, path: string): Pick<FileState, 'alive' | 'path' | 'paths'> {
  return { alive: true, path, paths: state.paths.includes(path) ? state.paths : [...state.paths, path] }
}

function counted(state: FileState, { commit, by, at, linesAdded = 0, linesDeleted = 0 }: Change): FileState {
  const mine = state.shares.find((share) => share.by === by) ?? { by, changes: 0, linesAdded: 0 }
  return {
    ...state,
    changes: state.changes + 1,
    linesAdded: state.linesAdded + linesAdded,
    linesDeleted: state.linesDeleted + linesDeleted,
    lastCommit: commit,
    lastAt: at,
    shares: [
      ...state.shares.filter((share) => share.by !== by),
      { by, changes: mine.changes + 1, linesAdded: mine.linesAdded + linesAdded },
    ],
  }
}
