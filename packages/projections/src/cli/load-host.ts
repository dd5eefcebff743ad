import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { InvalidInputError } from '@cairn/core'
import type { ProjectionHost } from '../rebuild/host.ts'

/** What the default export of `cairn.config.ts` must be able to do; `defineConfig` of `@cairn/cairn` makes one. */
export interface ProjectionConfig {
  openProjectionHost(): Promise<ProjectionHost>
}

const names = ['cairn.config.ts', 'cairn.config.mts', 'cairn.config.js', 'cairn.config.mjs']

/** Finds the app's configuration and opens its database. @throws InvalidInputError when there is none */
export async function loadHost(folder: string, path: string | undefined): Promise<ProjectionHost> {
  const file = path === undefined ? names.map((name) => resolve(folder, name)).find((found) => existsSync(found)) : resolve(folder, path)
  if (file === undefined || !existsSync(file)) {
    const missing = file ?? `cairn.config.ts in ${folder}`
    throw new InvalidInputError('config', `There is no ${missing}. Name the app's configuration: --config PATH.`)
  }
  const module: { readonly default?: unknown } = await import(pathToFileURL(file).href)
  const config = module.default
  if (isProjectionConfig(config)) return config.openProjectionHost()
  throw new InvalidInputError('config', `${file} has no default export made by defineConfig(…), so its projections cannot be found.`)
}

function isProjectionConfig(value: unknown): value is ProjectionConfig {
  return typeof value === 'object' && value !== null && 'openProjectionHost' in value && typeof value.openProjectionHost === 'function'
}
