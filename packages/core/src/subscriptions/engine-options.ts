import type { RecordedEvent } from '../contracts/event.ts'
import { InvalidInputError } from '../errors/input.ts'
import { systemClock, type ClockPort } from '../ports/clock.port.ts'
import type { HintsPort } from '../ports/hints.port.ts'
import type { LogReaderPort } from '../ports/log-reader.port.ts'
import { silentLogger, type LoggerPort } from '../ports/logger.port.ts'
import type { SubscriptionStorePort } from '../ports/subscription-store.port.ts'
import type { CommitThresholds } from './consumer.ts'
import { noFaults, type FaultHook } from './fault-points.ts'
import type { SubscriptionObserver } from './observer.ts'

export interface SubscriptionEngineOptions {
  readonly reader: LogReaderPort
  readonly store: SubscriptionStorePort
  readonly hints: HintsPort
  /** Lifts a recorded event to its newest schema: `registry.upcast`. */
  readonly lift: (event: RecordedEvent) => RecordedEvent
  /** True for a type that this process's code knows: `registry.hasEvent`. */
  readonly knows: (type: string) => boolean
  /** @default silent */
  readonly logger?: LoggerPort | undefined
  /** @default the system's clock */
  readonly clock?: ClockPort | undefined
  /** For metrics. @default none */
  readonly observer?: SubscriptionObserver | undefined
  /** Tests stop the engine here. @default none */
  readonly faults?: FaultHook | undefined
  /** What this process is called in lists: host and pid. @default the pid */
  readonly label?: string | undefined
  /**
   * How long a partition stays with a process that says nothing, milliseconds. Lease and heartbeat together are how long a
   * failover takes at most. @default 3_500
   */
  readonly leaseMs?: number | undefined
  /** Between two heartbeats, milliseconds. @default a fifth of the lease */
  readonly heartbeatMs?: number | undefined
  /** The log is read so often even if no hint comes, milliseconds. @default 500 */
  readonly pollMs?: number | undefined
  /** Events in one read at the head of the log, 1..10,000. @default 1_000 */
  readonly pageSize?: number | undefined
  /** Events in one read far behind the head, 1..10,000. @default 2_500 */
  readonly catchUpPageSize?: number | undefined
  /** Events given to a processor at once, at most. @default 1_000 */
  readonly batchSize?: number | undefined
  /** Batches are made smaller until one takes about so long, milliseconds. @default 250 */
  readonly batchMs?: number | undefined
  /** How late effects may be committed while catching up. @default 50_000 events, 20_000 rows, 2_000 ms */
  readonly commit?: Partial<CommitThresholds> | undefined
  /** A checkpoint that moved past events of others only is stored so often, milliseconds. @default 250 */
  readonly lazyCheckpointMs?: number | undefined
  /** A handler that takes longer for one event is reported, milliseconds. @default 100 */
  readonly slowHandlerMs?: number | undefined
  /** Before the first retry when the store or the log is away, milliseconds; doubles up to fifty times that. @default 100 */
  readonly outageMs?: number | undefined
  /** How long a process leaves a subscription alone that it cannot run, milliseconds; doubles each time. @default 30_000 */
  readonly standBackMs?: number | undefined
  /**
   * How long an event whose handling met what newer code has stored, in a stream that it loads say, is left to processes with newer
   * code, from when this one met it, milliseconds; then it is tried as others that fail. @default 60_000
   */
  readonly newerGraceMs?: number | undefined
  /** A subscription that no process runs is called detached after so long, milliseconds. @default 60_000 */
  readonly detachAfterMs?: number | undefined
}

export type ResolvedEngineOptions = {
  readonly [K in Exclude<keyof SubscriptionEngineOptions, 'commit' | 'observer'>]-?: NonNullable<SubscriptionEngineOptions[K]>
} & {
  readonly commit: CommitThresholds
  readonly observer: SubscriptionObserver
}

/** Checks the options and fills in defaults. @throws InvalidInputError naming the field */
export function resolveEngineOptions(options: SubscriptionEngineOptions): ResolvedEngineOptions {
  const leaseMs = wholeNumber('leaseMs', options.leaseMs ?? 3_500, 10)
  const heartbeatMs = wholeNumber('heartbeatMs', options.heartbeatMs ?? Math.floor(leaseMs / 5), 1)
  if (heartbeatMs * 2 > leaseMs) {
    throw new InvalidInputError(
      'heartbeatMs',
      `heartbeatMs (${heartbeatMs}) must be at most half of leaseMs (${leaseMs}), so that one lost heartbeat loses no lease.`,
    )
  }
  return Object.freeze({
    reader: options.reader,
    store: options.store,
    hints: options.hints,
    lift: options.lift,
    knows: options.knows,
    logger: (options.logger ?? silentLogger).child({ component: 'subscriptions' }),
    clock: options.clock ?? systemClock,
    observer: options.observer ?? {},
    faults: options.faults ?? noFaults,
    label: options.label ?? `pid ${process.pid}`,
    leaseMs,
    heartbeatMs,
    pollMs: wholeNumber('pollMs', options.pollMs ?? 500, 1),
    pageSize: wholeNumber('pageSize', options.pageSize ?? 1_000, 1, 10_000),
    catchUpPageSize: wholeNumber('catchUpPageSize', options.catchUpPageSize ?? 2_500, 1, 10_000),
    batchSize: wholeNumber('batchSize', options.batchSize ?? 1_000, 1),
    batchMs: wholeNumber('batchMs', options.batchMs ?? 250, 1),
    commit: Object.freeze({
      events: wholeNumber('commit.events', options.commit?.events ?? 50_000, 1),
      rows: wholeNumber('commit.rows', options.commit?.rows ?? 20_000, 1),
      ms: wholeNumber('commit.ms', options.commit?.ms ?? 2_000, 1),
    }),
    lazyCheckpointMs: wholeNumber('lazyCheckpointMs', options.lazyCheckpointMs ?? 250, 0),
    slowHandlerMs: wholeNumber('slowHandlerMs', options.slowHandlerMs ?? 100, 1),
    outageMs: wholeNumber('outageMs', options.outageMs ?? 100, 1),
    standBackMs: wholeNumber('standBackMs', options.standBackMs ?? 30_000, 1),
    newerGraceMs: wholeNumber('newerGraceMs', options.newerGraceMs ?? 60_000, 0),
    detachAfterMs: wholeNumber('detachAfterMs', options.detachAfterMs ?? 60_000, 1),
  })
}

function wholeNumber(field: string, value: number, min: number, max = Number.MAX_SAFE_INTEGER): number {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value
  throw new InvalidInputError(
    field,
    `${field} must be a whole number from ${min}${max === Number.MAX_SAFE_INTEGER ? ' on' : ` to ${max}`}, not ${value}.`,
  )
}
