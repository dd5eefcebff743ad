import { pathToFileURL } from 'node:url'

/** A module of the app that uses Cairn: named by its configuration, so no layer rule can know it. */
export async function importModule(path: string): Promise<Readonly<Record<string, unknown>>> {
  const module: Readonly<Record<string, unknown>> = await import(pathToFileURL(path).href)
  return module
}
