import type { LoggerPort } from '../ports/index.ts'
import type { FailurePolicy } from '../subscriptions/failure-policy.ts'
import type { StartPosition } from '../subscriptions/start-position.ts'
import type { PumpChange, PumpEventSpec } from './pump-config.ts'
import type { PumpFilter } from './pump-filter.ts'

/** Where a pump's rows come from. */
export interface PumpSourcePort {
  /**
   * Begins to deliver. Changes come in order, at most `batchSize` at once, the next ones when `deliver` has resolved. What it
   * rejects is delivered again after a pause, until it is done: a change is lost neither by a failure nor by a crash.
   * @throws InvalidInputError where the source has no such table
   */
  open(pump: PumpIntake): Promise<RunningPump>
}

export interface PumpIntake {
  readonly channel: string
  readonly eventSpec: PumpEventSpec
  readonly filter: PumpFilter | undefined
  readonly batchSize: number
  readonly from: StartPosition
  readonly version: number
  readonly failure: FailurePolicy
  readonly logger: LoggerPort
  /** @throws what `processBatch` throws */
  deliver(changes: readonly PumpChange[], delivery: PumpDelivery): Promise<void>
  /** The source cannot be read, and tries again or waits to be resumed; undefined: it can. */
  trouble(error: unknown): void
}

export interface PumpDelivery {
  readonly attempt: number
  readonly pass: number
  readonly signal: AbortSignal
}

export interface RunningPump {
  /** Lets the batch under way end. What comes later stays where it is. */
  stop(): Promise<void>
}
