import { glob } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { root } from './steps.ts'

/** All test files of the repository, absolute. */
export async function testFiles(folder = root): Promise<string[]> {
  const notOurs = new Set(['node_modules', 'dist', '.git', '.cairn'])
  const found: string[] = []
  for await (const entry of glob('**/*.{test,spec}.{ts,tsx,mts,js,mjs}', { cwd: folder, exclude: (name) => notOurs.has(name) })) {
    found.push(join(folder, entry))
  }
  return found.toSorted()
}

/** The test files that are not among those that ran. */
export async function neverRun(files: readonly string[], folder = root): Promise<string[]> {
  const ran = new Set(files.map((file) => resolve(file)))
  return (await testFiles(folder)).filter((file) => !ran.has(file)).map((file) => file.slice(folder.length))
}
