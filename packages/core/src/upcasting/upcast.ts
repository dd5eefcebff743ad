import { UpcastError } from '../errors/domain.ts'
import type { VersionedSchema } from './versioned-schema.ts'

/**
 * Lifts a stored payload to the newest schema version, step by step; the newest comes back as it is. The result is the
 * stored (JSON) form: what `RecordedEvent.payload` is typed as.
 * @throws UpcastError when the version is unknown here, or when a step throws or gives what its schema refuses
 * @throws SchemaValidationError when the newest is validated on read and does not fit
 */
export function upcast(versioned: VersionedSchema, schemaVersion: number, stored: unknown): unknown {
  const newest = versioned.schemaVersion
  if (schemaVersion === newest) return versioned.validateOnRead ? versioned.newest.acceptJson(versioned.what, stored) : stored
  if (!Number.isInteger(schemaVersion) || schemaVersion < 1 || schemaVersion > newest)
    throw new UpcastError(versioned.what, schemaVersion, newest)
  let payload = stored
  for (let version = schemaVersion; version < newest; version++) {
    try {
      payload = versioned.lifts[version]?.(payload)
    } catch (cause) {
      throw new UpcastError(versioned.what, version, newest, cause)
    }
  }
  return payload
}

/**
 * A stored payload as handlers and folds see it: lifted, then decoded where a codec stands in the schema.
 * @throws UpcastError, SchemaValidationError as `upcast`
 */
export function readStored(versioned: VersionedSchema, schemaVersion: number, stored: unknown): unknown {
  const payload = upcast(versioned, schemaVersion, stored)
  if (!versioned.newest.coded) return payload
  try {
    return versioned.newest.toDomain(versioned.what, payload)
  } catch (cause) {
    throw new UpcastError(versioned.what, schemaVersion, versioned.schemaVersion, cause)
  }
}
