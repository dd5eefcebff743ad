import type { StreamKey } from '../contracts/index.ts'
import type { AppendResult, EventStorePort, LoggerPort } from '../ports/index.ts'
import type { AggregateRepository } from '../repository/index.ts'
import type { DecisionSettings } from './decision-settings.ts'
import type { PendingCommand } from './pending-command.ts'

/** What the queues of one `DecisionQueues` share. */
export interface QueueServices {
  readonly store: Pick<EventStorePort, 'append' | 'appendGroup' | 'resultOf'>
  readonly repository: AggregateRepository
  readonly settings: DecisionSettings
  readonly logger: LoggerPort
  /** A queue has nothing left to do. */
  readonly idle: (stream: StreamKey) => void
  /** From now on the same command is a new one: it does not share the outcome of this one. */
  readonly leave: (pending: PendingCommand) => void
  /**
   * Answers a command, and hands its events over once `before` has come to its end: the hand-over of those before them.
   * Answers with the promise of the hand-over, if there is one.
   */
  readonly resolve: (pending: PendingCommand, result: AppendResult, before?: Promise<unknown>) => Promise<unknown> | undefined
  /** Answers a command that failed without a verdict of the domain. */
  readonly reject: (pending: PendingCommand, error: unknown) => void
  /** A command that may not take effect: looks up its id before the error is reported, and may try it again. */
  readonly refuse: (pending: PendingCommand, error: unknown) => void
}
