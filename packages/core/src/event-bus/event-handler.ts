import type { RecordedEvent } from '../contracts/index.ts'

/**
 * A handler in the class style: `supports` says which events are its own, and `handle` sees only those.
 *
 * Both are function properties on purpose: TypeScript then refuses a `handle` that is narrower than its guard.
 */
export interface EventHandler<E extends RecordedEvent = RecordedEvent> {
  readonly supports: (event: RecordedEvent) => event is E
  readonly handle: (event: E) => void | Promise<void>
}
