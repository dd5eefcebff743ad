import type { RecordedEvent } from '../contracts/event.ts'
import type { StoredFailure, SubscriptionSpec, SubscriptionTransaction } from '../ports/subscription-store.port.ts'
import type { FailurePolicy } from './failure-policy.ts'
import type { SubscriptionState } from './states.ts'

/** What runs on the engine: a projection's generation, a handler, a forwarder, a process manager, a pump. */
export interface Consumer {
  readonly spec: SubscriptionSpec
  /** Full event types; '*' is every type, and then a type that this process does not know ends its lease, as a newer schema version always does. */
  readonly types: readonly string[] | '*'
  /** The partition key's value of an event: it picks the partition, and later events of the same key wait behind a parked one. */
  keyOf(event: RecordedEvent): string
  readonly failure: FailurePolicy
  /** How late effects may be committed. @default the engine's */
  readonly commit?: CommitThresholds | undefined
  /**
   * Give the processor as many events at once as there are, up to this. For one that handles them side by side, elsewhere say: a batch
   * takes as long as its slowest event then, and sized by time it would shrink to one. @default as many as it handles within the
   * engine's `batchMs`
   */
  readonly batchSize?: number | undefined
  /**
   * Told of a partition's state: at registration, at each heartbeat, and when this process ends it by a failure. At once, and it must
   * not throw.
   * @param failure where it is known, which it is not by a heartbeat
   */
  observe?(state: SubscriptionState, failure?: StoredFailure): void
  /** Called when the process takes a partition; the processor is dropped when the lease is lost or given back. */
  open(partition: Opened): Processor | Promise<Processor>
}

/** A commit comes when one of them is reached; at the head of the log, with each page at the latest. */
export interface CommitThresholds {
  readonly events: number
  /** Rows that would be written, by `Processor.pending`. */
  readonly rows: number
  /** Since the first event that is not committed, milliseconds. */
  readonly ms: number
}

export interface Opened {
  readonly partition: number
  readonly partitions: number
  /** Aborted when the lease is lost or the engine stops. */
  readonly signal: AbortSignal
  /** Tells how long one event took in its handler, where the processor knows. */
  readonly timed?: ((type: string, ms: number) => void) | undefined
}

/**
 * Handles the events of one partition, in order, and writes what they led to in the transaction that moves the checkpoint.
 * Between two commits it may be given several batches. One that keeps rows in memory must be able to throw them away.
 */
export interface Processor {
  /**
   * Events that are lifted to the newest schema, ascending by position, all of this partition. What it throws is retried, and
   * then parked or stopped at, event by event: `reset` is called before anything is given again.
   */
  handle(events: readonly RecordedEvent[], delivery: Delivery): Promise<void> | void
  /** Writes everything since the last commit. Undefined: there is nothing to write, the checkpoint alone moves. */
  commit?(tx: SubscriptionTransaction): Promise<void>
  /** The transaction is through. */
  committed?(): void
  /** The transaction was rolled back, or `handle` failed: forget all that was not committed. */
  reset?(): void
  /** How much would be written by now, in rows; the engine commits earlier when it is much. */
  readonly pending?: number
}

export interface Delivery {
  /** 1 for the first try of these events. */
  readonly attempt: number
  /** True for a parked event that is tried again. */
  readonly retried: boolean
  /** True while a generation is rebuilt: effects outside are off. */
  readonly rebuilding: boolean
  readonly signal: AbortSignal
}
