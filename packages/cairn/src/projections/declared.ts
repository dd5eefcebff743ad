import { projectionFingerprint, type DeclaredProjection, type ProjectionDefinition } from '@cairn/core'

/** A projection as stores compare it with what is there. */
export function declared(definition: ProjectionDefinition): DeclaredProjection {
  return {
    name: definition.name,
    version: definition.version,
    fingerprint: projectionFingerprint(definition),
    tables: [...definition.tables.values()],
    inline: definition.mode === 'inline',
  }
}
