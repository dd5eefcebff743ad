import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { InvalidInputError, type ProjectionDefinition } from '@cairn/core'
import { importModule } from './import-module.ts'
import { LoadedProjections } from './loaded-projections.ts'

/** A folder whose modules export projections, or what modules that were imported already export. */
export type ProjectionSource = string | URL | readonly Readonly<Record<string, unknown>>[]

const moduleFile = /\.(?:ts|mts|js|mjs)$/
const passedOver = /\.(?:d\.m?ts|(?:test|spec|test-d)\.m?[jt]s)$/

/**
 * Finds the projections that modules export: every module of a folder and of the folders in it, tests and declaration files
 * left out, or the modules given. One that several modules export counts once.
 * @throws DefinitionError as `LoadedProjections`
 * @throws InvalidInputError when the folder cannot be read, or exports no projection
 */
export async function loadProjections(source: ProjectionSource): Promise<LoadedProjections> {
  const folder = source instanceof URL ? fileURLToPath(source) : typeof source === 'string' ? resolve(source) : undefined
  const modules = folder === undefined ? modulesOf(source) : await importFolder(folder)
  const found = new Set(modules.flatMap((module) => Object.values(module).filter(isProjection)))
  if (found.size === 0) {
    const where = folder === undefined ? 'The modules given export' : `${folder} exports`
    throw new InvalidInputError('projections', `${where} no projection: export what defineProjection(…).on(…) or .fold(…) returned.`)
  }
  return new LoadedProjections(found)
}

function modulesOf(source: ProjectionSource): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(source) ? source : []
}

async function importFolder(folder: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const files = (await filesOf(folder)).filter((file) => moduleFile.test(file) && !passedOver.test(file))
  // One after the other: the order in which modules run is then the same everywhere.
  const modules: Readonly<Record<string, unknown>>[] = []
  for (const file of files) modules.push(await importModule(join(folder, file)))
  return modules
}

async function filesOf(folder: string): Promise<readonly string[]> {
  try {
    const files = await readdir(folder, { recursive: true })
    return files.toSorted().filter((file) => !file.split(/[/\\]/).includes('node_modules'))
  } catch (error) {
    throw new InvalidInputError(
      'projections',
      `The folder ${folder} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}

/** By its shape, so that projections made by another copy of the package are found too. */
function isProjection(value: unknown): value is ProjectionDefinition {
  return (
    typeof value === 'object' &&
    value !== null &&
    'apply' in value &&
    typeof value.apply === 'function' &&
    'keyOf' in value &&
    typeof value.keyOf === 'function' &&
    'tables' in value &&
    value.tables instanceof Map &&
    'version' in value
  )
}
