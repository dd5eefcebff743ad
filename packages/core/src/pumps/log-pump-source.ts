import type { RecordedEvent } from '../contracts/index.ts'
import { describeStream } from '../contracts/stream-key.ts'
import { InvalidInputError } from '../errors/index.ts'
import type { LogReaderPort, SubscriptionKey } from '../ports/index.ts'
import type { Consumer } from '../subscriptions/consumer.ts'
import { resolveStart } from '../subscriptions/start-position.ts'
import type { PumpChange, PumpEventSpec } from './pump-config.ts'
import { pumpConsumer } from './pump-consumer.ts'
import { matchesPumpFilter, type PumpFilter } from './pump-filter.ts'
import type { PumpIntake, PumpSourcePort, RunningPump } from './pump-source.port.ts'

export interface LogPumpParts {
  readonly reader: LogReaderPort
  /** Runs the pump: the app's subscription engine. */
  readonly engine: { add(consumer: Consumer): Promise<unknown>; remove(key: SubscriptionKey): Promise<void> }
}

/** The log as a table that is only added to: rows are recorded events. */
export class LogPumpSource implements PumpSourcePort {
  readonly #parts: LogPumpParts

  constructor(parts: LogPumpParts) {
    this.#parts = parts
  }

  async open(pump: PumpIntake): Promise<RunningPump> {
    const { eventSpec, filter, from } = pump
    if (eventSpec.event !== 'INSERT' && eventSpec.event !== '*') {
      throw new InvalidInputError('eventSpec.event', `Events are only added: a pump of the log takes INSERT, not ${eventSpec.event}.`)
    }
    const { engine, reader } = this.#parts
    const consumer = pumpConsumer(pump, {
      kind: 'subscription',
      startAfter: await resolveStart(reader, from),
      types: typesOf(filter) ?? '*',
      keyOf: describeStream,
      changeOf: (event) => (filter === undefined || matchesPumpFilter(filter, rowOf(event)) ? changeOf(eventSpec, event) : undefined),
    })
    await engine.add(consumer)
    return { stop: () => engine.remove(consumer.spec.key) }
  }
}

/** A filter by type is the log reader's own. */
function typesOf(filter: PumpFilter | undefined): readonly string[] | undefined {
  return filter?.column === 'type' && (filter.operator === 'eq' || filter.operator === 'in') ? filter.values : undefined
}

/** Columns may be named as in SQL and as in TypeScript. */
function rowOf(event: RecordedEvent): Readonly<Record<string, unknown>> {
  const { tenantId, aggregateType, aggregateId, metadata } = event
  const names = { tenant_id: tenantId, aggregate_type: aggregateType, aggregate_id: aggregateId, correlation_id: metadata.correlationId }
  return { ...event, ...names }
}

function changeOf({ schema, table }: PumpEventSpec, event: RecordedEvent): PumpChange<RecordedEvent> {
  const { id, position, tenantId, recordedAt } = event
  return { id, position, operation: 'INSERT', schema, table, tenantId, row: event, oldRow: undefined, recordedAt }
}
