import type { EventPattern, EventsMatching, FailurePolicy, RecordedEvent, RetryPolicy } from '@cairn/core'
import type { HandlerSql } from '../tenant-sql.ts'

/**
 * Where a new subscription begins; one that is stored goes on from its checkpoint, whatever this says.
 * `'start'`: with the first event. `'end'`: with what is not yet visible to every reader now; nothing recorded from now on is
 * missed. A position: with what stands behind it. A time: with what was recorded then or later. A cursor: behind what it stands for.
 */
export type SubscribeFrom = 'start' | 'end' | number | Date | { readonly cursor: string }

/** What `types` may name for the events of `E`. */
export type SubscribePattern<E extends RecordedEvent> = EventPattern<E['type']>

export interface SubscribeOptions<E extends RecordedEvent = RecordedEvent, P extends string = string> {
  /** Full types (`order.created`), all of a prefix (`order.*`), or everything (`*`); one or a list. */
  readonly types: P | readonly P[]
  readonly from: SubscribeFrom
  /** Raise it when `types`, `partitionBy` or `partitions` change; the checkpoints stay. @default 1 */
  readonly version?: number | undefined
  /**
   * What must be handled in order: events of equal values go to one partition, and wait behind one of them that is parked.
   * A function is known to the database by `version` alone. @default 'stream'
   */
  readonly partitionBy?: 'stream' | ((event: EventsMatching<E, P>) => string) | undefined
  /** How many processes may share the work, 1..256. @default 1 */
  readonly partitions?: number | undefined
  /**
   * True runs the handler in the transaction that moves the checkpoint, with `context.sql`: what it writes to this database
   * happens once. False runs it before, at least once. @default false
   */
  readonly transactional?: boolean | undefined
  /** @default 5 tries, waits from 100 ms growing by 4 up to 30 s, 30 % of it random */
  readonly retry?: Partial<RetryPolicy> | undefined
  /** park: set the event aside, let its key wait, go on. stop: the partition fails there. @default 'park' */
  readonly onExhausted?: FailurePolicy['onExhausted'] | undefined
  /** False lets later events of a parked one's key go on without it. @default true */
  readonly blockKey?: boolean | undefined
  /** The partition fails when more events than this are parked or waiting in it. @default 10_000 */
  readonly maxWaiting?: number | undefined
}

export interface HandlerContext {
  /** `${subscription}:${event.id}`: the same at each delivery of an event, for systems that take an idempotency key. */
  readonly idempotencyKey: string
  /** 1 for the first try. */
  readonly attempt: number
  /** True for a parked event that is tried again. */
  readonly retried: boolean
  /** Aborted when another process takes over, or the app stops without waiting. */
  readonly signal: AbortSignal
  /** Statements in the transaction that moves the checkpoint. @throws InvalidInputError unless the subscription is `transactional`, and in memory */
  readonly sql: HandlerSql
}

export type SubscribeHandler<E extends RecordedEvent = RecordedEvent, P extends string = string> = (
  event: EventsMatching<E, P>,
  context: HandlerContext,
) => void | Promise<void>
