import type { JsonSchemaLike, SchemaLike } from '../definition/schema-like.ts'
import type { VersionStep } from '../definition/versions.ts'

/** A schema whose output is the aggregate's state; its stored form must be JSON, so a codec is needed for dates and the like. */
export interface SchemaFor<S> extends JsonSchemaLike {
  readonly _zod: { readonly input: JsonSchemaLike['_zod']['input']; readonly output: S }
}

/** The schema of a snapshot, or a chain of them whose newest gives the state. */
export type StateSchema<S> = SchemaFor<S> | { readonly latest: SchemaFor<S>; readonly steps: readonly VersionStep[] }

/** The step that an append makes in a stream's version. */
export interface VersionChange {
  /** Before the append. */
  readonly fromVersion: number
  /** After it. */
  readonly toVersion: number
}

/** When to keep a snapshot, and in which form. Made by `snapshotEvery`, `snapshotWhen` and `snapshotNever`. */
export interface SnapshotPolicy<S> {
  readonly schema: StateSchema<S> | undefined
  due(change: VersionChange): boolean
}

/** The same without the state's type. */
export interface SnapshotPolicyLike {
  readonly schema: SchemaLike | { readonly latest: SchemaLike; readonly steps: readonly VersionStep[] } | undefined
  due(change: VersionChange): boolean
}
