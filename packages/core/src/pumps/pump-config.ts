import type { FailurePolicy, RetryPolicy } from '../subscriptions/failure-policy.ts'
import type { StartPosition } from '../subscriptions/start-position.ts'
import type { PumpState } from './pump-status.ts'

export type PumpOperation = 'INSERT' | 'UPDATE' | 'DELETE'

/** Which changes reach a pump. */
export interface PumpEventSpec {
  /** '*' is every kind of change. */
  readonly event: PumpOperation | '*'
  readonly schema: string
  readonly table: string
  /**
   * `column=operator.value` with the operators eq, neq, lt, lte, gt, gte and in: `status=eq.pending`, `total=gte.100`,
   * `type=in.(order.created,order.ready)`. Rows that do not match never reach the pump.
   */
  readonly filter?: string | undefined
}

/** One change of one row. */
export interface PumpChange<Row = unknown> {
  /** The same at each delivery: a key for what must happen once. */
  readonly id: string
  /** Place among the changes that its pump reads, ascending. */
  readonly position: number
  readonly operation: PumpOperation
  readonly schema: string
  readonly table: string
  /** Undefined where the table has no column `tenant_id`, or the row nothing in it. */
  readonly tenantId: string | undefined
  /** The row as it is behind the change; a deleted one as it was. */
  readonly row: Row
  /** The row as it was before an UPDATE or a DELETE. */
  readonly oldRow: Row | undefined
  readonly recordedAt: Date
}

/** What `processBatch` gets beside the rows. */
export interface PumpBatch<Row = unknown> {
  /** One for each row, in the same order. */
  readonly changes: readonly PumpChange<Row>[]
  /** 1 for the first try. */
  readonly attempt: number
  /** Counts how often a source that looks at its rows again and again has begun with the first one; 0 elsewhere. */
  readonly pass: number
  /** Aborted when another process takes over, or the pump stops without waiting. */
  readonly signal: AbortSignal
}

export interface PumpConfig<Row = unknown> {
  /** Names the pump and its position, in every process: lower-case words joined by hyphens. */
  readonly channel: string
  readonly eventSpec: PumpEventSpec
  /** `processBatch` never gets more rows at once, 1..10,000. @default 50 */
  readonly batchSize?: number | undefined
  /** Rows that it refuses are passed over, and counted. @default every row */
  readonly validate?: ((row: Row) => boolean) | undefined
  /**
   * Handles rows in the order of their changes; the next batch comes when it has resolved. Rows of a batch that fails come again,
   * after a pause, perhaps in smaller batches; so may rows of a batch at whose end the process died.
   */
  readonly processBatch: (rows: readonly Row[], batch: PumpBatch<Row>) => unknown
  /** Where a new pump begins; one that is stored goes on where it was. @default 'end': with what changes from now on */
  readonly from?: StartPosition | undefined
  /** Raise it when `eventSpec` changes; the position stays. @default 1 */
  readonly version?: number | undefined
  /** @default tried again until it succeeds, with waits from 100 ms growing by 4 up to 30 s, 30 % of them random */
  readonly retry?: Partial<RetryPolicy> | undefined
  /** Where `retry.attempts` names an end: park sets the row aside and goes on, stop ends the pump there. @default 'stop' */
  readonly onExhausted?: FailurePolicy['onExhausted'] | undefined
  /** Told of each change of state. */
  readonly onStatus?: ((state: PumpState, error: unknown) => void) | undefined
}
