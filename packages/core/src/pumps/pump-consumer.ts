import type { RecordedEvent } from '../contracts/index.ts'
import type { SubscriptionKind } from '../ports/index.ts'
import type { Consumer, Delivery, Processor } from '../subscriptions/consumer.ts'
import { fingerprintOf } from '../subscriptions/fingerprint.ts'
import type { PumpChange } from './pump-config.ts'
import { PumpHold } from './pump-hold.ts'
import type { PumpIntake } from './pump-source.port.ts'

export interface PumpConsumerOptions {
  readonly kind: SubscriptionKind
  readonly startAfter: number
  /** Full event types, or every type. */
  readonly types: readonly string[] | '*'
  /** Later changes of the same key wait behind one that is parked. */
  readonly keyOf: (event: RecordedEvent) => string
  /** Undefined: the event is not for this pump. */
  readonly changeOf: (event: RecordedEvent) => PumpChange | undefined
}

/** A pump on the subscription engine: one partition, a batch, a checkpoint, and the next. */
export function pumpConsumer(pump: PumpIntake, { kind, startAfter, types, keyOf, changeOf }: PumpConsumerOptions): Consumer {
  const { channel, version, batchSize, failure, eventSpec } = pump
  const { schema, table, event, filter = '' } = eventSpec
  const hold = new PumpHold(pump)
  return {
    spec: {
      key: { name: channel, generation: 1 },
      kind,
      version,
      fingerprint: fingerprintOf({ version, types: [JSON.stringify([schema, table, event, filter])], partitionBy: 'pump', partitions: 1 }),
      partitions: 1,
      startAfter,
    },
    types,
    keyOf,
    failure,
    batchSize,
    commit: { events: batchSize, rows: batchSize, ms: 250 },
    observe: (state, reason) => hold.observe(state, reason),
    open: () => {
      hold.opened()
      return new PumpProcessor(pump, changeOf)
    },
  }
}

/** The batch is handled, then the checkpoint moves: at least once. */
class PumpProcessor implements Processor {
  readonly #pump: PumpIntake
  readonly #changeOf: PumpConsumerOptions['changeOf']

  constructor(pump: PumpIntake, changeOf: PumpConsumerOptions['changeOf']) {
    this.#pump = pump
    this.#changeOf = changeOf
  }

  async handle(events: readonly RecordedEvent[], { attempt, signal }: Delivery): Promise<void> {
    signal.throwIfAborted()
    const changes = events.map(this.#changeOf).filter((change) => change !== undefined)
    if (changes.length > 0) await this.#pump.deliver(changes, { attempt, pass: 0, signal })
  }
}
