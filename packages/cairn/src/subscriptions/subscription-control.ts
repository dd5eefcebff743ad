import type { ParkedEvent, SubscriptionStatus } from '@cairn/core'
import type { SubscribeFrom } from './subscribe-options.ts'

export interface ParkedOptions {
  /** Only those behind this position. @default 0 */
  readonly after?: number | undefined
  /** At most so many, 1..10,000. @default 1,000 */
  readonly limit?: number | undefined
}

/**
 * What an operator does with subscriptions and projections, by name; of a projection it is the live generation. It holds for
 * every process, and from each of them, whether it runs the subscription or not.
 */
export interface SubscriptionControl {
  /** Everything that is stored, ascending by name and generation. */
  list(): Promise<readonly SubscriptionStatus[]>
  /** @throws UnknownSubscriptionError */
  status(name: string): Promise<SubscriptionStatus>
  /** What is being handled ends; then nothing goes on until `resume`. @throws UnknownSubscriptionError, IllegalStateError */
  pause(name: string): Promise<void>
  /** Goes on where it was: after a pause, or after a failure that stopped it. @throws UnknownSubscriptionError, IllegalStateError */
  resume(name: string): Promise<void>
  /**
   * Moves a paused subscription to another place in the log, forward or back, and forgets its parked events. A projection's
   * rows would not fit: rebuild it.
   * @throws InvalidInputError for a projection, IllegalStateError unless it is paused, UnknownSubscriptionError
   */
  reset(name: string, to: SubscribeFrom): Promise<void>
  /** Events that failed for good, and those that wait behind them, ascending by position. @throws UnknownSubscriptionError */
  parked(name: string, options?: ParkedOptions): Promise<readonly ParkedEvent[]>
  /**
   * Asks for parked events to be tried again, in order, by whoever runs the subscription; all of them, or those at some positions.
   * Answers how many.
   */
  retryParked(name: string, positions?: readonly number[]): Promise<number>
  /** Asks for parked events to be given up; those that wait behind them go on. Answers how many. */
  discardParked(name: string, positions?: readonly number[]): Promise<number>
}
