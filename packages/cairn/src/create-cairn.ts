import { Registry, type Domain } from '@cairn/core'
import type { Backend } from './backend.ts'
import { CairnApp } from './cairn-app.ts'
import type { Cairn } from './cairn.ts'
import { resolveCairnOptions, type CairnOptions, type ResolvedCairnOptions } from './cairn-options.ts'
import { memoryBackend } from './memory-backend.ts'
import { embeddedBackend, postgresBackend } from './pg-backend.ts'

/**
 * Starts an app: checks the domains, opens the database (migrating it where the login may), and wires the buses.
 * @throws InvalidInputError naming the option, DefinitionError naming what is wrong in a domain
 * @throws SchemaVersionError, UnsafeDatabaseError, ContextRefusedError, DatabaseUnavailableError
 */
export function createCairn<D extends Domain>(options: CairnOptions<D>): Promise<Cairn<D>>
export async function createCairn(options: CairnOptions): Promise<Cairn> {
  const resolved = resolveCairnOptions(options)
  // What is wrong in the code is said before any database is touched.
  const registry = new Registry(resolved.domains, { naming: resolved.naming })
  resolved.policies.assertComplete()
  const backend = await openBackend(resolved)
  try {
    return new CairnApp(resolved, registry, backend)
  } catch (error) {
    await backend.close()
    throw error
  }
}

function openBackend(options: ResolvedCairnOptions): Promise<Backend> {
  if (options.database === 'memory') return Promise.resolve(memoryBackend(options))
  return options.database === 'embedded' ? embeddedBackend(options) : postgresBackend(options, options.database)
}
