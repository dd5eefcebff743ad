import { createHash } from 'node:crypto'
import type { GenerationPlan, ProjectionDefinition } from '@cairn/core'
import { fingerprintOf } from './consumer-of.ts'

/** What the store needs to make a generation of a definition. */
export function generationPlan(definition: ProjectionDefinition): GenerationPlan {
  return {
    projection: definition.name,
    version: definition.version,
    fingerprint: fingerprintOf(definition),
    partitions: definition.partitions,
    tables: [...definition.tables.values()],
    inline: definition.mode === 'inline',
    types: definition.types,
  }
}

/** The fingerprint of the second fold that a build is compared with: another, so that nobody takes it for a build to go on with. */
export function verificationFingerprint({ fingerprint }: Pick<GenerationPlan, 'fingerprint'>): string {
  return createHash('sha256').update(`verify ${fingerprint}`).digest('hex')
}
