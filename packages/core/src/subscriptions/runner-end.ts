import type { SelectedEvent } from './event-selector.ts'

/**
 * stopped: asked to. lost: another process has the lease. failed: the partition is marked so. interrupted: it is not known what
 * became of a commit, or something outside the events failed; the lease must be taken anew to go on. unknown-event: newer
 * code has stored the next event, and this process does not know its type or its schema version.
 */
export type RunnerEnd = 'stopped' | 'lost' | 'failed' | 'interrupted' | 'unknown-event'

/** Ends a runner from wherever it is. @internal */
export class RunnerEnded extends Error {
  override readonly name = 'RunnerEnded'
  readonly end: RunnerEnd

  constructor(end: RunnerEnd, cause?: unknown) {
    super(`The runner ended: ${end}`, { cause })
    this.end = end
  }
}

/** Events that were handled, or written, and failed; nothing of them is stored. @internal */
export class BatchFailed extends Error {
  override readonly name = 'BatchFailed'
  /** How many events it may have been. */
  readonly count: number
  /** The last of them. */
  readonly last: number
  /** The one, where that is known. */
  readonly culprit: SelectedEvent['event'] | undefined
  /** True where the events before the culprit are handled, and wait for the commit only. */
  readonly othersKept: boolean

  constructor(cause: unknown, about: Pick<BatchFailed, 'count' | 'last' | 'culprit' | 'othersKept'>) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
    this.count = about.count
    this.last = about.last
    this.culprit = about.culprit
    this.othersKept = about.othersKept
  }
}
