import type { AggregateModel } from '../aggregate/aggregate-model.ts'
import type { RecordedEvent } from '../contracts/event.ts'
import type { StreamKey } from '../contracts/stream-key.ts'
import type { PastState } from './process-context.ts'

/**
 * Streams as they were at a position of the log, which is a fact: the same call gives the same answer at any later time, from
 * any process.
 */
export interface ProcessHistoryPort {
  /**
   * The events of a stream at or below a position, ascending by version, lifted to their newest schemas.
   * @throws DatabaseUnavailableError, UpcastError, InvalidInputError for a key that no stream can have
   */
  events(stream: StreamKey, position: number): Promise<readonly RecordedEvent[]>
  /** The fold of these events. @throws as `events`, and UnknownTypeError */
  aggregate(model: AggregateModel, stream: StreamKey, position: number): Promise<PastState<unknown>>
}
