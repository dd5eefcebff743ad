import type { AggregateModel, EventStorePort, StreamKey } from '@cairn/core'

export interface LoadStateOptions {
  /** @default the default tenant, where one is set; otherwise a tenant must be named */
  readonly tenantId?: string | undefined
  /** The state at this version. @default the newest */
  readonly version?: number | undefined
  /** The state at this time. @default now */
  readonly until?: Date | undefined
}

/** An aggregate as it is, or as it was. */
export interface LoadedState<S> {
  readonly state: S
  /** The version that `state` stands for; 0 when there was none yet. */
  readonly version: number
}

/** Folds a stream up to a version or a time. Reads it from its first event: a snapshot may stand for a later version. */
export async function stateAt(
  store: Pick<EventStorePort, 'readStream'>,
  model: AggregateModel,
  stream: StreamKey,
  { version, until }: LoadStateOptions,
): Promise<LoadedState<unknown>> {
  let state = model.initial()
  let reached = 0
  const options = { ...(version === undefined ? {} : { toVersion: version }), ...(until === undefined ? {} : { until }) }
  for await (const event of store.readStream(stream, options)) {
    const { schemaVersion } = event.metadata
    state = model.evolve(state, { type: event.type, version: event.version, schemaVersion, payload: event.payload })
    reached = event.version
  }
  return { state, version: reached }
}
