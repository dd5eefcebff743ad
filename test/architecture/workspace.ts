import { glob, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import type { SourceFile } from './read-imports.ts'

const Names = z.record(z.string(), z.string()).default({})
const Manifest = z.object({
  name: z.string(),
  private: z.boolean().default(false),
  exports: z.record(z.string(), z.unknown()).default({}),
  dependencies: Names,
  devDependencies: Names,
  peerDependencies: Names,
  optionalDependencies: Names,
})

export interface WorkspacePackage extends z.infer<typeof Manifest> {
  /** From the root of the repository. */
  readonly folder: string
}

export interface Workspace {
  readonly packages: readonly WorkspacePackage[]
  readonly files: readonly SourceFile[]
}

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** All packages and their TypeScript files; fixtures that must not compile are not code. */
export async function readWorkspace(): Promise<Workspace> {
  const packages: WorkspacePackage[] = []
  for await (const path of glob('{packages/*,db,examples/*,bench,test}/package.json', { cwd: root })) {
    packages.push({ folder: slashed(dirname(path)), ...Manifest.parse(JSON.parse(await readFile(join(root, path), 'utf8'))) })
  }
  const files: SourceFile[] = []
  const skipped = new Set(['node_modules', 'dist', '.git', '.cairn', 'fixtures'])
  for await (const path of glob('{packages,db,examples,bench,test}/**/*.{ts,tsx,mts}', {
    cwd: root,
    exclude: (name) => skipped.has(name),
  })) {
    files.push({ path: slashed(path), text: await readFile(join(root, path), 'utf8') })
  }
  return { packages: packages.toSorted(byFolder), files }
}

function slashed(path: string): string {
  return path.replaceAll('\\', '/')
}

function byFolder(a: WorkspacePackage, b: WorkspacePackage): number {
  return a.folder < b.folder ? -1 : 1
}
