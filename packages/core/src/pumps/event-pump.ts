import type { RecordedEvent } from '../contracts/index.ts'
import type { EventBus } from '../event-bus/index.ts'
import { EventHandlingFailure } from '../subscriptions/event-handling-failure.ts'
import type { PumpConfig } from './pump-config.ts'

export interface EventPumpOptions extends Pick<PumpConfig<RecordedEvent>, 'from' | 'retry' | 'onExhausted' | 'onStatus'> {
  /** A bus of its own: `app.bus` has each event already from the process that recorded it. */
  readonly bus: Pick<EventBus, 'publishBatch'>
  /** @default 200 */
  readonly batchSize?: number | undefined
  /** The schema of Cairn's tables. @default 'cairn' */
  readonly schema?: string | undefined
}

/**
 * The log to an event bus: a pump that is this configuration and nothing else. Events of every tenant, each with its tenant, come in
 * the order of the log. An event whose handler fails is published again, and those behind it in its batch with it: handlers see
 * an event at least once. After five tries, unless `retry` says otherwise, it is parked.
 */
export function eventPump({ bus, batchSize = 200, schema = 'cairn', ...rest }: EventPumpOptions): PumpConfig<RecordedEvent> {
  return {
    retry: { attempts: 5 },
    onExhausted: 'park',
    ...rest,
    channel: 'events-pump',
    eventSpec: { event: 'INSERT', schema, table: 'events' },
    batchSize,
    processBatch: async (rows) => {
      const { failures } = await bus.publishBatch(rows)
      const failed = failures[0] && rows.find(({ id }) => id === failures[0]?.eventId)
      if (failed !== undefined) throw new EventHandlingFailure(failed, failures[0]?.error, { othersKept: true })
    },
  }
}
