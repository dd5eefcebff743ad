import type { Domain } from '@cairn/core'
import type { CairnOptions } from './cairn-options.ts'

/** Gives `cairn.config.ts` its types: `export default defineConfig({ domains: [shop], database: 'embedded' })`. */
export function defineConfig<D extends Domain>(config: CairnOptions<D>): CairnOptions<D> {
  return config
}
