import { InvalidInputError, lintRegistry, Registry, type Domain } from '@cairn/core'
import type { ProjectionHost } from '@cairn/projections'
import { resolveCairnOptions, type CairnOptions } from './cairn-options.ts'
import { openBackend } from './open-backend.ts'
import { appProjectionHost } from './projections/app-projection-host.ts'

/** What the commands find in `cairn.config.ts`: the options of the app, and the way to its database. */
export type CairnConfig<D extends Domain = Domain> = CairnOptions<D> & {
  /**
   * Opens the database for `rebuild-projections`; nothing runs in the background. Close the host in the end.
   * @throws as `createCairn`; InvalidInputError in memory, where there is nothing to rebuild
   */
  openProjectionHost(): Promise<ProjectionHost>
}

/** Gives `cairn.config.ts` its types: `export default defineConfig({ domains: [shop], database: 'embedded' })`. */
export function defineConfig<D extends Domain>(config: CairnOptions<D>): CairnConfig<D> {
  const defined = { ...config }
  // Not enumerable: `createCairn(config)` takes the options, and `{ ...config }` copies them.
  Object.defineProperty(defined, 'openProjectionHost', { value: () => openProjectionHost(config) })
  return defined as CairnConfig<D>
}

async function openProjectionHost(config: CairnOptions): Promise<ProjectionHost> {
  const options = resolveCairnOptions(config)
  const registry = new Registry(options.domains, { naming: options.naming })
  const backend = await openBackend(options, registry)
  const host = appProjectionHost(registry, backend.background, {
    logger: options.logger.child({ component: 'projections' }),
    faults: options.background?.faults,
    lintDomains: () => {
      options.policies.assertComplete()
      return lintRegistry(registry, options.policies)
    },
    close: () => backend.close(),
  })
  if (host !== undefined) return host
  await backend.close()
  throw new InvalidInputError('database', 'There is nothing to rebuild in memory. Give the configuration a database.')
}
