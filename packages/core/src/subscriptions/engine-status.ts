import type { LogHead } from '../ports/log-reader.port.ts'
import type { StoredFailure, SubscriptionStatus } from '../ports/subscription-store.port.ts'
import type { LatencySummary } from './latency.ts'
import type { SubscriptionState } from './states.ts'

/** A partition that this process runs. */
export interface RunningPartition {
  readonly partition: number
  /** As stored; 'retrying' too while the database is away. */
  readonly state: SubscriptionState
  /** Ahead of the stored checkpoint, where what follows is not committed or of no concern. */
  readonly position: number
  readonly failure: StoredFailure | undefined
}

export interface SubscriptionReport extends SubscriptionStatus {
  /** True when this process has its code. */
  readonly known: boolean
  /** True while this process leaves it to others, because it met an event of an unknown type or could not run it. */
  readonly standsBack: boolean
  /** Positions between the horizon and the partition that is furthest behind; 0 of a pump of changes, whose positions are of another log. */
  readonly lag: number
  /** Ascending by partition. */
  readonly here: readonly RunningPartition[]
  /** From recorded to visible, of events that this process handled live in the last minute or two. */
  readonly latency: LatencySummary | undefined
  /** Tries in this process that failed and were followed by another. */
  readonly retries: number
}

export interface EngineStatus {
  readonly memberId: string
  readonly label: string
  readonly running: boolean
  readonly head: LogHead
  readonly feed: {
    /** Everything up to here was handed out. Far below `head.horizon` while partitions are attached: it does not get on. */
    readonly position: number
    readonly attached: number
    /** Milliseconds since the log was last read; undefined before the first time. */
    readonly lastReadAgoMs: number | undefined
    readonly failure: string | undefined
  }
  readonly subscriptions: readonly SubscriptionReport[]
}
