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
