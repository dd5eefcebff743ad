import type { RecordedEvent } from '../contracts/index.ts'

/** What a command led to. */
export interface Dispatched<E extends RecordedEvent = RecordedEvent> {
  readonly aggregateId: string
  /** The recorded events in order; for a duplicate, those of the first time. */
  readonly events: readonly E[]
  /** The aggregate's version after the command (after the first one, for a duplicate). */
  readonly version: number
  /** The position of the last event; 0 when there was none, so waiting for it returns at once. */
  readonly position: number
  /** True when the command's id had taken effect before: nothing was stored this time. */
  readonly duplicate: boolean
}
