import { fingerprintOf } from '../subscriptions/fingerprint.ts'
import type { ProjectionDefinition } from './projection-definition.ts'

/** The fingerprint of what a projection declares. The code of its handlers is no part of it: raise the version when that changes. */
export function projectionFingerprint({ version, types, partitionBy, partitions, tables }: ProjectionDefinition): string {
  return fingerprintOf({ version, types, partitionBy, partitions, tables: [...tables.values()] })
}
