import type { DeclaredProjection, ProjectionDefinition } from '@cairn/core'
import { generationPlan } from '../rebuild/generation-plan.ts'

/** Definitions as the store compares them with the database. */
export function declared(definitions: readonly ProjectionDefinition[]): readonly DeclaredProjection[] {
  return definitions.map((definition) => {
    const { version, fingerprint, tables, inline } = generationPlan(definition)
    return { name: definition.name, version, fingerprint, tables, inline }
  })
}
