import { InvalidInputError } from '../errors/index.ts'
import type { HintsPort, LogReaderPort, SubscriptionStorePort } from '../ports/index.ts'
import { SubscriptionEngine } from '../subscriptions/engine.ts'
import type { SubscriptionEngineOptions } from '../subscriptions/engine-options.ts'
import { resolveStart } from '../subscriptions/start-position.ts'
import { changeOfEvent } from './change-event.ts'
import type { ChangeLogPort } from './change-log.port.ts'
import type { PumpEventSpec, PumpOperation } from './pump-config.ts'
import { pumpConsumer } from './pump-consumer.ts'
import type { PumpIntake, PumpSourcePort, RunningPump } from './pump-source.port.ts'

export interface ChangePumpParts {
  readonly changes: ChangeLogPort
  readonly store: SubscriptionStorePort
  readonly hints: HintsPort
  /** Leases, heartbeats, polls. @default the engine's, and a poll each 200 ms: changes of other programs send no hint */
  readonly engine?:
    | Pick<SubscriptionEngineOptions, 'leaseMs' | 'heartbeatMs' | 'pollMs' | 'outageMs' | 'faults' | 'label' | 'detachAfterMs'>
    | undefined
}

/** Changes of watched tables. Each pump has an engine of its own, because what it reads is selected in SQL. */
export class ChangePumpSource implements PumpSourcePort {
  readonly #parts: ChangePumpParts

  constructor(parts: ChangePumpParts) {
    this.#parts = parts
  }

  async open(pump: PumpIntake): Promise<RunningPump> {
    const { changes, store, hints, engine: settings } = this.#parts
    const { schema, table } = pump.eventSpec
    const operations = operationsOf(pump.eventSpec)
    await this.#assertWatched(pump.eventSpec, operations)
    const reader = told(changes.reader({ schema, table, operations, filter: pump.filter }), pump)
    // Two batches in one read: the memory that waiting rows take is bounded by that, not by how many wait.
    const pageSize = Math.min(10_000, 2 * pump.batchSize)
    const engine = new SubscriptionEngine({
      pollMs: 200,
      ...settings,
      reader,
      store,
      hints,
      lift: (event) => event,
      knows: () => true,
      logger: pump.logger,
      pageSize,
      catchUpPageSize: pageSize,
      // Only who has the whole picture says that something is run by nobody.
      detachAfterMs: settings?.detachAfterMs ?? never,
    })
    await engine.add(
      pumpConsumer(pump, {
        kind: 'pump',
        startAfter: await resolveStart(reader, pump.from),
        types: '*',
        keyOf: ({ aggregateType, aggregateId }) => `${aggregateType}:${aggregateId}`,
        changeOf: changeOfEvent,
      }),
    )
    await engine.start()
    return { stop: () => engine.stop() }
  }

  async #assertWatched({ schema, table }: PumpEventSpec, operations: readonly PumpOperation[]): Promise<void> {
    const watched = await this.#parts.changes.watched(schema, table)
    const missing = operations.filter((operation) => !watched.includes(operation))
    if (missing.length === 0) return
    throw new InvalidInputError(
      'eventSpec',
      `${missing.join(', ')} on ${schema}.${table} is not recorded, so this pump would wait for ever. Watch the table first: watchTable(…).`,
      { schema, table, watched },
    )
  }
}

const never = 2 ** 40

function operationsOf({ event }: PumpEventSpec): readonly PumpOperation[] {
  return event === '*' ? ['INSERT', 'UPDATE', 'DELETE'] : [event]
}

/** Tells the pump whether its source can be read. */
function told(reader: LogReaderPort, pump: PumpIntake): LogReaderPort {
  return {
    logId: () => reader.logId(),
    head: () => reader.head(),
    positionAt: (time) => reader.positionAt(time),
    async read(options) {
      try {
        const page = await reader.read(options)
        pump.trouble(undefined)
        return page
      } catch (error) {
        pump.trouble(error)
        throw error
      }
    },
  }
}
