import { projectionFingerprint, type GenerationPlan, type ProjectionDefinition } from '@cairn/core'

/** What a store needs to make a generation of a definition. */
export function generationPlan(definition: ProjectionDefinition): GenerationPlan {
  return {
    projection: definition.name,
    version: definition.version,
    fingerprint: projectionFingerprint(definition),
    partitions: definition.partitions,
    tables: [...definition.tables.values()],
    inline: definition.mode === 'inline',
  }
}
