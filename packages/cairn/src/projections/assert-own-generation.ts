import {
  changedProjection,
  isOfDefinition,
  ProjectionNotBuiltError,
  SubscriptionVersionError,
  type Generation,
  type ProjectionDefinition,
} from '@cairn/core'

/**
 * @throws SubscriptionVersionError when the generation is of a newer version than the code
 * @throws ProjectionNotBuiltError when it is of an older one
 * @throws SubscriptionChangedError when it is of the same version and another definition
 */
export function assertOwnGeneration(
  definition: ProjectionDefinition,
  generation: Pick<Generation, 'version' | 'fingerprint' | 'inline'>,
): void {
  const { name, version } = definition
  if (generation.version > version) throw new SubscriptionVersionError(`projection ${name}`, version, generation.version)
  if (generation.version < version) throw new ProjectionNotBuiltError(name, version)
  if (!isOfDefinition(generation, definition)) throw changedProjection(definition, generation)
}
