import { DefinitionError } from '../errors/domain.ts'
import type { SnapshotPolicy, StateSchema, VersionChange } from './snapshots.ts'

/** A snapshot each time the stream's version reaches or passes a multiple of `events`. */
export function snapshotEvery<S>(events: number, schema: StateSchema<S>): SnapshotPolicy<S> {
  if (!Number.isSafeInteger(events) || events < 1) {
    throw new DefinitionError(`snapshotEvery(${events}, …) needs a whole number of events, 1 or more.`, { events })
  }
  return { schema, due: ({ fromVersion, toVersion }) => Math.floor(toVersion / events) > Math.floor(fromVersion / events) }
}

/** A snapshot whenever the function says so. */
export function snapshotWhen<S>(due: (change: VersionChange) => boolean, schema: StateSchema<S>): SnapshotPolicy<S> {
  return { schema, due }
}

/** No snapshots: for a subclass of a class that has them. */
export const snapshotNever: SnapshotPolicy<never> = { schema: undefined, due: () => false }
