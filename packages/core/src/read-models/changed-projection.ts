import { SubscriptionChangedError } from '../errors/subscriptions.ts'
import type { Generation } from '../ports/projection-store.port.ts'
import type { ProjectionDefinition } from './projection-definition.ts'

/** What is thrown where a generation has the definition's version and is not of that definition. */
export function changedProjection(
  { name, version, mode }: ProjectionDefinition,
  { inline }: Pick<Generation, 'inline'>,
): SubscriptionChangedError {
  const stored = inline ? 'inline' : 'async'
  return new SubscriptionChangedError(
    `projection ${name}`,
    version,
    stored === mode ? undefined : `its mode changed from ${stored} to ${mode}`,
  )
}
