/**
 * | state | means |
 * |---|---|
 * | stopped | not started, or stopped |
 * | starting | the pump looks for its source |
 * | subscribed | rows come as they change |
 * | error | the source cannot be read, or the last batch failed; both are tried again. Or the subscription is failed or paused, until it is resumed |
 */
export type PumpState = 'stopped' | 'starting' | 'subscribed' | 'error'

/** Since the pump was made, in this process. */
export interface PumpCounters {
  /** Rows that `validate` refused. */
  readonly skipped: number
  /** Rows that `processBatch` is done with. */
  readonly processed: number
  /** Batches that failed. */
  readonly failed: number
  /** Batches that came after one that failed: with rows that were tried before. */
  readonly retried: number
}

export interface PumpStatus {
  readonly channel: string
  readonly state: PumpState
  /** Why the state is 'error'. */
  readonly error: unknown
  readonly counters: PumpCounters
}
