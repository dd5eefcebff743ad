import { changedProjection, isOfDefinition, SubscriptionVersionError, type Generation, type ProjectionDefinition } from '@cairn/core'

/** What a process does for a projection, as the database has it. */
export type GenerationChoice =
  /** Nothing of it is visible yet: the first generation is made, and visible at once. */
  | { readonly kind: 'first' }
  /** The live generation is that of this code. */
  | { readonly kind: 'live'; readonly generation: Generation }
  /** The code is newer than what readers see: its generation is built beside, and then switched to. */
  | { readonly kind: 'build'; readonly generation: Generation | undefined; readonly live: Generation }
  /** Readers see another version, and that is meant: a rollback, or a rolling deploy that has come further. */
  | { readonly kind: 'beside'; readonly generation: Generation; readonly live: Generation }

/**
 * @throws SubscriptionChangedError when the definition is another one under the version that is live
 * @throws SubscriptionVersionError when a newer version is live, and the generation of this code is no longer fed
 */
export function chooseGeneration(definition: ProjectionDefinition, generations: readonly Generation[]): GenerationChoice {
  const whole = generations.filter(({ tenantId }) => tenantId === undefined)
  const live = whole.find(({ state }) => state === 'live')
  if (live === undefined) return { kind: 'first' }
  const { name, version } = definition
  if (live.version === version) {
    if (isOfDefinition(live, definition)) return { kind: 'live', generation: live }
    throw changedProjection(definition, live)
  }
  const own = whole.findLast((one) => isOfDefinition(one, definition) && one.state !== 'retired')
  if (own?.state === 'previous') return { kind: 'beside', generation: own, live }
  if (live.version < version) return { kind: 'build', generation: own, live }
  if (own !== undefined) return { kind: 'beside', generation: own, live }
  throw new SubscriptionVersionError(`projection ${name}`, version, live.version)
}
