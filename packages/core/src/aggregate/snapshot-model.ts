import { DefinitionError, UpcastError } from '../errors/domain.ts'
import { SchemaValidationError } from '../errors/input.ts'
import { readStored } from '../upcasting/upcast.ts'
import { versionedSchema } from '../upcasting/versioned-schema.ts'
import type { SnapshotModel } from './aggregate-model.ts'
import { firstDifference } from './first-difference.ts'
import type { SnapshotPolicyLike } from './snapshots.ts'

/** @throws DefinitionError when the schema is not JSON-stable or its chain is not whole */
export function snapshotModel(aggregateType: string, policy: SnapshotPolicyLike | undefined): SnapshotModel | undefined {
  if (policy?.schema === undefined) return undefined
  const what = `the snapshot of ${aggregateType}`
  // A snapshot is a cache: a spoiled one must not become a state.
  const versioned = versionedSchema(what, policy.schema, { validateOnRead: true })
  const decode = (schemaVersion: number, stored: unknown): unknown => readStored(versioned, schemaVersion, stored)
  return {
    due: (fromVersion, toVersion) => policy.due({ fromVersion, toVersion }),
    schemaVersion: versioned.schemaVersion,
    encode(state) {
      const stored = versioned.newest.accept(what, state)
      const lost = firstDifference(state, decode(versioned.schemaVersion, stored))
      if (lost !== undefined) {
        throw new DefinitionError(
          `The schema of ${what} does not keep the state: ${lost === '' ? 'it' : `"${lost}"`} comes back different. Add the field to the schema, or take it out of the state.`,
          { aggregateType, path: lost },
        )
      }
      return stored
    },
    decode(schemaVersion, stored) {
      try {
        return { state: decode(schemaVersion, stored) }
      } catch (error) {
        if (error instanceof UpcastError || error instanceof SchemaValidationError) return undefined
        throw error
      }
    },
  }
}
