import { setTimeout as delay } from 'node:timers/promises'
import type { AggregateModel } from '../aggregate/aggregate-model.ts'
import type { RecordedEvent } from '../contracts/event.ts'
import { describeStream, type StreamKey } from '../contracts/stream-key.ts'
import { DatabaseUnavailableError } from '../errors/infrastructure.ts'
import type { EventStorePort } from '../ports/event-store.port.ts'
import { isTransient } from '../subscriptions/transient.ts'
import type { PastState } from './process-context.ts'
import type { ProcessHistoryPort } from './process-history.port.ts'

export interface StoredHistoryOptions {
  readonly store: Pick<EventStorePort, 'load' | 'readStream'>
  /** Lifts a recorded event to its newest schema: `registry.upcast`. */
  readonly lift: (event: RecordedEvent) => RecordedEvent
  /**
   * The position below which nothing can still appear. For a scheduler that may be handed an event before it is that old: the
   * read waits until it is. @default events come from the log, and are
   */
  readonly horizon?: (() => Promise<number>) | undefined
  /** How long such a read waits at most, milliseconds. @default 10_000 */
  readonly waitMs?: number | undefined
}

const lookAgainMs = 20

/** Out of the event store. A stream's positions ascend with its versions, so the past of a stream is where it begins. */
export class StoredHistory implements ProcessHistoryPort {
  readonly #options: StoredHistoryOptions
  /** As far as it was seen. */
  #horizon = 0

  constructor(options: StoredHistoryOptions) {
    this.#options = options
  }

  async events(stream: StreamKey, position: number): Promise<readonly RecordedEvent[]> {
    const events: RecordedEvent[] = []
    for await (const event of this.#upTo(stream, position)) events.push(this.#options.lift(event))
    return events
  }

  async aggregate(model: AggregateModel, stream: StreamKey, position: number): Promise<PastState<unknown>> {
    const known = await this.#snapshotAt(model, stream, position)
    return known ?? this.#fold(model, stream, position, { state: model.initial(), version: 0 })
  }

  /** Undefined where there is no snapshot of what was before the position, or none that can be used. */
  async #snapshotAt(model: AggregateModel, stream: StreamKey, position: number): Promise<PastState<unknown> | undefined> {
    if (model.snapshots === undefined) return undefined
    const { snapshot } = await this.#options.store.load(stream)
    const decoded = snapshot && model.snapshots.decode(snapshot.schemaVersion, snapshot.state)
    if (snapshot === undefined || decoded === undefined) return undefined
    try {
      const { version } = snapshot
      const folded = await this.#fold(model, stream, position, { state: decoded.state, version })
      return folded.version < version ? undefined : folded
    } catch (error) {
      if (isTransient(error)) throw error
      // A tail that does not fit onto it: the whole stream says what is wrong, if anything is.
      return undefined
    }
  }

  /**
   * @param known is folded onto. The event that it ends with is read too: it tells whether that was before the position
   * @returns with a lower version than `known` where it was not
   */
  async #fold(model: AggregateModel, stream: StreamKey, position: number, known: PastState<unknown>): Promise<PastState<unknown>> {
    let { state } = known
    let version = 0
    for await (const event of this.#upTo(stream, position, Math.max(1, known.version))) {
      version = event.version
      if (version > known.version) state = model.evolve(state, { ...event, schemaVersion: event.metadata.schemaVersion })
    }
    return { state, version }
  }

  async *#upTo(stream: StreamKey, position: number, fromVersion = 1): AsyncGenerator<RecordedEvent> {
    await this.#settled(stream, position)
    for await (const event of this.#options.store.readStream(stream, { fromVersion })) {
      if (event.position > position) return
      yield event
    }
  }

  /** What is at or below the position is all there, or it is waited for: a read before that might see less than a later one. */
  async #settled(stream: StreamKey, position: number): Promise<void> {
    const { horizon, waitMs = 10_000 } = this.#options
    if (horizon === undefined || position <= this.#horizon) return
    const until = performance.now() + waitMs
    for (;;) {
      this.#horizon = Math.max(this.#horizon, await horizon())
      if (position <= this.#horizon) return
      if (performance.now() > until) throw notSettled(stream, position)
      await delay(lookAgainMs)
    }
  }
}

function notSettled(stream: StreamKey, position: number): DatabaseUnavailableError {
  return new DatabaseUnavailableError(`a read of ${describeStream(stream)} as of ${position}: older writes did not end`, undefined)
}
