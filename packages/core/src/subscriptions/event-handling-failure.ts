import type { RecordedEvent } from '../contracts/event.ts'

/**
 * What a processor throws that knows which event failed. It saves the engine the search: a processor that throws anything else is
 * given smaller and smaller batches until one event is left, and those tries do not count.
 */
export class EventHandlingFailure extends Error {
  override readonly name = 'EventHandlingFailure'
  readonly event: RecordedEvent
  /** True where the events before it in the batch are handled, and nothing of it is: they are committed, and `reset` is not called. */
  readonly othersKept: boolean

  constructor(event: RecordedEvent, cause: unknown, options: { readonly othersKept?: boolean } = {}) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
    this.event = event
    this.othersKept = options.othersKept ?? false
  }
}
