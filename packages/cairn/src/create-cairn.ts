import { Registry, type Domain } from '@cairn/core'
import { CairnApp } from './cairn-app.ts'
import type { Cairn } from './cairn.ts'
import { resolveCairnOptions, type CairnOptions } from './cairn-options.ts'
import { openBackend } from './open-backend.ts'

/**
 * Starts an app: checks the domains, opens the database (migrating it where the login may), wires the buses, and begins to feed
 * the projections.
 * @throws InvalidInputError naming the option, DefinitionError naming what is wrong in a domain
 * @throws SchemaVersionError, UnsafeDatabaseError, ContextRefusedError, DatabaseUnavailableError
 * @throws SubscriptionChangedError when a projection's definition changed and its version did not
 * @throws SubscriptionVersionError when readers see a newer version of a projection than this code has
 * @throws ProjectionNotBuiltError when a projection's tables are not there and this login may not make them
 */
export function createCairn<D extends Domain>(options: CairnOptions<D>): Promise<Cairn<D>>
export async function createCairn(options: CairnOptions): Promise<Cairn> {
  const resolved = resolveCairnOptions(options)
  // What is wrong in the code is said before any database is touched.
  const registry = new Registry(resolved.domains, { naming: resolved.naming })
  resolved.policies.assertComplete()
  const backend = await openBackend(resolved, registry)
  try {
    const app = new CairnApp(resolved, registry, backend)
    await app.start()
    return app
  } catch (error) {
    await backend.close()
    throw error
  }
}
