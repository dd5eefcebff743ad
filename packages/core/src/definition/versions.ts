import { DefinitionError } from '../errors/domain.ts'
import type { FormsOf, StoredForm } from './payload-forms.ts'
import type { InputOf, JsonSchemaLike, OutputOf, SchemaLike } from './schema-like.ts'

/** One schema of a chain; `lift` makes its accepted form from the stored form of the one before, and the first has none. */
export interface VersionStep {
  readonly schema: SchemaLike
  readonly lift: ((old: never) => unknown) | undefined
}

export interface NextOptions {
  /**
   * The number this version must get, for teams that want to be told when two branches add the same one.
   * @default one more than the version before
   */
  readonly version?: number
}

/** The history of a payload or of a snapshot: schema version 1, then each later one with the step that lifts the one before. */
export interface Versions<Latest extends SchemaLike> {
  readonly latest: Latest
  /** Version n stands at n - 1. */
  readonly steps: readonly VersionStep[]
  /**
   * Adds a version. Two calls, not one: the lift's result must be checked against a type that is already fixed, or
   * TypeScript widens its literals. The lift sees the stored (JSON) form of the old version and returns what the new
   * schema accepts; defaults are filled in, and the result is validated.
   * @throws DefinitionError when `version` is given and leaves a gap or repeats a version
   */
  next<Next extends JsonSchemaLike>(
    schema: Next,
    options?: NextOptions,
  ): { from(lift: (old: StoredForm<FormsOf<InputOf<Latest>, OutputOf<Latest>>>) => InputOf<Next>): Versions<Next> }
}

/** Starts the version chain of a payload with its first schema. */
export function versions<First extends JsonSchemaLike>(schema: First): Versions<First> {
  return chain(schema, [{ schema, lift: undefined }])
}

function chain<S extends SchemaLike>(latest: S, steps: readonly VersionStep[]): Versions<S> {
  return {
    latest,
    steps,
    next: (schema, options = {}) => {
      const expected = steps.length + 1
      if (options.version !== undefined && options.version !== expected) {
        throw new DefinitionError(
          options.version < expected
            ? `A version chain names version ${options.version} twice: the next one is ${expected}. Did two branches add a version each?`
            : `A version chain goes from version ${expected - 1} to ${options.version}: the versions between have no schema and no upcaster.`,
          { version: options.version, expected },
        )
      }
      return { from: (lift) => chain(schema, [...steps, { schema, lift }]) }
    },
  }
}
