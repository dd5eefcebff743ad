import type { RecordedEvent } from '../contracts/index.ts'

export interface EventHistoryOptions {
  /** @default the default tenant, where one is set */
  readonly tenantId?: string | undefined
  /** Only this type of aggregate. @default every type that has a stream under the id, one after another */
  readonly aggregateType?: string | undefined
}

/** Where the bus reads an aggregate's events from: whole events, each stream ascending by version. */
export type EventHistorySource = (aggregateId: string, options: EventHistoryOptions) => Promise<readonly RecordedEvent[]>
