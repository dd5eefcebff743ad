import type { RecordedEvent } from '../contracts/event.ts'
import { describeStream } from '../contracts/stream-key.ts'
import type { ProcessInstanceStorePort } from '../ports/process-instance-store.port.ts'
import type { SubscriptionSpec } from '../ports/subscription-store.port.ts'
import type { Consumer } from '../subscriptions/consumer.ts'
import { fingerprintOf } from '../subscriptions/fingerprint.ts'
import type { ProcessManagerDefinition } from './process-manager.ts'
import { ProcessManagerProcessor } from './process-manager-processor.ts'
import type { StepServices } from './step-services.ts'

export interface ProcessManagerConsumerOptions extends StepServices {
  /** Instances as they were committed. */
  readonly instances: Pick<ProcessInstanceStorePort, 'load'>
  /** What the stores take of a state or a command, bytes of JSON. @default 1_048_576 */
  readonly maxPayloadBytes?: number | undefined
  /** Where a process manager begins that is not stored yet; see `resolveStart(reader, definition.from)`. @default 0, the whole log */
  readonly startAfter?: number | undefined
  /** @default 'new' */
  readonly initialState?: SubscriptionSpec['initialState'] | undefined
}

/** The subscription that runs a process manager. */
export function processManagerSubscription(name: string): string {
  return `pm-${name}`
}

/**
 * A process manager on the subscription engine: one instance for each value of the correlation key, all of whose events go to one
 * partition. What a step leads to is stored in the transaction that moves the checkpoint, once. An event whose reaction fails for
 * good is parked, and its instance waits behind it; the others go on.
 *
 * A raised version goes on from the checkpoint: instances that run are lifted by the chain of their state's schema.
 */
export function processManagerConsumer(definition: ProcessManagerDefinition, options: ProcessManagerConsumerOptions): Consumer {
  const { instances, maxPayloadBytes, schemaVersionOf, history, logger, observer } = options
  const services = { schemaVersionOf, history, logger, observer }
  return {
    ...processManagerReader(definition, options),
    commit: { events: 500, rows: 2_000, ms: 250 },
    open: (opened) => new ProcessManagerProcessor({ definition, instances, services, opened, maxPayloadBytes }),
  }
}

/**
 * What every consumer of a process manager has in common, whichever scheduler runs its steps. One subscription for all of them:
 * its leases let one scheduler at a time step over an instance, and its checkpoint is where another goes on.
 */
export function processManagerReader(
  definition: ProcessManagerDefinition,
  { startAfter = 0, initialState = 'new' }: Pick<ProcessManagerConsumerOptions, 'startAfter' | 'initialState'> = {},
): Pick<Consumer, 'spec' | 'types' | 'keyOf' | 'failure'> {
  const { name, version, types, partitions, failure } = definition
  return {
    spec: {
      key: { name: processManagerSubscription(name), generation: 1 },
      kind: 'process-manager',
      version,
      fingerprint: fingerprintOf({ version, types, partitionBy: 'custom', partitions }),
      partitions,
      startAfter,
      initialState,
    },
    types,
    keyOf: (event) => instanceKeyText(definition, event),
    // An instance whose event failed must not see the next one first.
    failure: { ...failure, blockKey: true },
  }
}

/** Tenant and instance as one text: '/' stands between them and, encoded, nowhere else in the tenant. */
function instanceKeyText(definition: ProcessManagerDefinition, event: RecordedEvent): string {
  const instanceId = definition.correlate(event)
  if (instanceId === undefined) return describeStream(event)
  return `${event.tenantId.replaceAll('%', '%25').replaceAll('/', '%2F')}/${instanceId}`
}
