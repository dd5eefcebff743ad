import type { Registry } from '@cairn/core'
import type { Backend } from './backend.ts'
import type { ResolvedCairnOptions } from './cairn-options.ts'
import { memoryBackend } from './memory-backend.ts'
import { embeddedBackend, postgresBackend } from './pg-backend.ts'
import { InlineProjections } from './projections/inline-projections.ts'

/** Opens the database that the options name. @throws as `createCairn` */
export async function openBackend(options: ResolvedCairnOptions, registry: Registry): Promise<Backend> {
  const definitions = registry.projections.filter(({ mode }) => mode === 'inline')
  const inline = definitions.length === 0 ? undefined : new InlineProjections(definitions, (event) => registry.upcast(event))
  if (options.database === 'memory') return memoryBackend(options, registry, inline)
  return options.database === 'embedded'
    ? embeddedBackend(options, registry, inline)
    : postgresBackend(options, registry, inline, options.database)
}
