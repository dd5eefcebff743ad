import type { RecordedEvent } from '../contracts/event.ts'

/** Hands recorded events on. Resolves when every interested handler is done; events in order. */
export interface EventPublisherPort {
  publish(events: readonly RecordedEvent[]): Promise<void>
}
