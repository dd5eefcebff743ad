import type { Generation } from '../ports/projection-store.port.ts'
import type { ProjectionDefinition } from './projection-definition.ts'
import { projectionFingerprint } from './projection-fingerprint.ts'

/**
 * True for a generation that was made of this very definition. The mode is compared beside the fingerprint, which leaves it out:
 * generations are stored with fingerprints that were made without it.
 */
export function isOfDefinition(
  generation: Pick<Generation, 'version' | 'fingerprint' | 'inline'>,
  definition: ProjectionDefinition,
): boolean {
  return (
    generation.version === definition.version &&
    generation.inline === (definition.mode === 'inline') &&
    generation.fingerprint === projectionFingerprint(definition)
  )
}
