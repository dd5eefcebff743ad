import type { AggregateModel } from '../aggregate/index.ts'
import { describeStream, streamMapKey, type StreamKey } from '../contracts/index.ts'
import type { EventStorePort, LoadedStream, LoggerPort, LoadOptions } from '../ports/index.ts'
import { silentLogger } from '../ports/index.ts'
import { AggregateCache } from './aggregate-cache.ts'
import type { LoadedAggregate } from './loaded-aggregate.ts'

/** Where a repository reads: the store, or one transaction of it. */
export interface StreamSource {
  load(stream: StreamKey, options?: LoadOptions): Promise<LoadedStream>
}

export interface AggregateRepositoryOptions {
  readonly store: Pick<EventStorePort, 'load' | 'existsAll' | 'existsOne'>
  /** How many aggregates to remember between commands. @default 0, none */
  readonly cacheSize?: number | undefined
  readonly logger?: LoggerPort | undefined
}

/** Turns streams into aggregates: newest snapshot, then the tail, each event folded by the aggregate's model. */
export class AggregateRepository {
  readonly #store: AggregateRepositoryOptions['store']
  readonly #cache: AggregateCache | undefined
  readonly #logger: LoggerPort

  constructor(options: AggregateRepositoryOptions) {
    this.#store = options.store
    this.#cache = options.cacheSize === undefined || options.cacheSize === 0 ? undefined : new AggregateCache(options.cacheSize)
    this.#logger = (options.logger ?? silentLogger).child({ component: 'repository' })
  }

  /**
   * Reads an aggregate from the log. A stream that does not exist gives the initial state at version 0. A snapshot that
   * cannot be used is logged, and the whole stream is replayed instead.
   * @throws UpcastError, UnknownTypeError when a stored event cannot be folded
   */
  async load(model: AggregateModel, stream: StreamKey, source: StreamSource = this.#store): Promise<LoadedAggregate> {
    const loaded = await source.load(stream)
    if (loaded.snapshot === undefined) return replay(model, loaded)
    try {
      const restored = restore(model, loaded)
      if (restored !== undefined) return restored
      this.#logUnusable(stream, loaded, undefined)
    } catch (error) {
      this.#logUnusable(stream, loaded, error)
    }
    return replay(model, await source.load(stream, { useSnapshot: false }))
  }

  /** What this process remembers of the aggregate, if it remembers anything. */
  recall(stream: StreamKey): LoadedAggregate | undefined {
    const cached = this.#cache?.get(streamMapKey(stream))
    return cached === undefined ? undefined : { state: cached.state, version: cached.version, closed: false, fresh: false }
  }

  /** Keeps a state for the next command, where the cache is on. */
  remember(stream: StreamKey, state: unknown, version: number): void {
    this.#cache?.set(streamMapKey(stream), { state, version })
  }

  forget(stream: StreamKey): void {
    this.#cache?.delete(streamMapKey(stream))
  }

  /** Reads only what was appended behind `known` and folds it on top. */
  async catchUp(model: AggregateModel, stream: StreamKey, known: LoadedAggregate): Promise<LoadedAggregate> {
    const tail = await this.#store.load(stream, { afterVersion: known.version })
    // A stream never shrinks, short of a restored database: then what we know is of another history.
    if (tail.version < known.version || tail.events.length !== tail.version - known.version) return this.load(model, stream)
    return { state: foldAll(model, known.state, tail), version: tail.version, closed: tail.closed, fresh: known.fresh }
  }

  /** True when all the aggregates exist; loads none. */
  existsAll(streams: readonly StreamKey[]): Promise<boolean> {
    return this.#store.existsAll(streams)
  }

  /** True when at least one of the aggregates exists; loads none. */
  existsOne(streams: readonly StreamKey[]): Promise<boolean> {
    return this.#store.existsOne(streams)
  }

  #logUnusable(stream: StreamKey, loaded: LoadedStream, error: unknown): void {
    this.#logger.warn(`The snapshot of ${describeStream(stream)} cannot be used; its whole stream is replayed.`, {
      tenantId: stream.tenantId,
      aggregateType: stream.aggregateType,
      aggregateId: stream.aggregateId,
      snapshotVersion: loaded.snapshot?.version,
      snapshotSchemaVersion: loaded.snapshot?.schemaVersion,
      ...(error === undefined ? {} : { error }),
    })
  }
}

function replay(model: AggregateModel, loaded: LoadedStream): LoadedAggregate {
  return { state: foldAll(model, model.initial(), loaded), version: loaded.version, closed: loaded.closed, fresh: true }
}

/** Snapshot and tail, or undefined when the snapshot is of no use; a tail that does not fit onto it may also throw. */
function restore(model: AggregateModel, loaded: LoadedStream): LoadedAggregate | undefined {
  const { snapshot } = loaded
  if (snapshot === undefined || snapshot.version + loaded.events.length !== loaded.version) return undefined
  const decoded = model.snapshots?.decode(snapshot.schemaVersion, snapshot.state)
  if (decoded === undefined) return undefined
  return { state: foldAll(model, decoded.state, loaded), version: loaded.version, closed: loaded.closed, fresh: true }
}

function foldAll(model: AggregateModel, from: unknown, loaded: LoadedStream): unknown {
  let state = from
  for (const event of loaded.events) state = model.evolve(state, event)
  return state
}
