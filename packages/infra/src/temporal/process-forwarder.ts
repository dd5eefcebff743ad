import type { RecordedEvent } from '@cairn/core'

export interface ProcessForwarder {
  deliver(events: readonly RecordedEvent[]): Promise<void>
}
