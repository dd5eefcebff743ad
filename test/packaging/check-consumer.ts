import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root, type WorkspacePackage } from '../architecture/workspace.ts'
import type { Check } from './check-tarball.ts'
import { checkWorker } from './check-worker.ts'
import { run } from './run.ts'

/** Entries that need optional peers; the others must do without. */
const needsPeers = (entry: string): boolean => /^@cairn\/infra\/(temporal|jobs|supabase|transports)/.test(entry)

/**
 * Installs the tarballs in a project of their own with npm, imports every entry, and compiles against their types. Entries that
 * need no optional peer come first, before any of these is installed. Then one runs a Temporal worker.
 */
export async function checkConsumer(
  packages: readonly WorkspacePackage[],
  tarballs: ReadonlyMap<string, string>,
  folder: string,
): Promise<readonly Check[]> {
  const dependencies = Object.fromEntries([...tarballs].map(([name, path]) => [name, `file:${path}`]))
  const peers = packages.find(({ name }) => name === '@cairn/testing')?.devDependencies['vitest'] ?? '*'
  const entries = packages.flatMap(({ name, exports }) => Object.keys(exports).map((path) => name + path.slice(1)))
  await mkdir(folder)
  await writeFile(
    join(folder, 'package.json'),
    JSON.stringify({
      type: 'module',
      private: true,
      dependencies: { ...dependencies, '@types/node': '26.6.6', '@types/pg': '^8', vitest: peers },
    }),
  )
  const install = await run('npm', ['install', '--no-audit', '--no-fund', '--omit=optional'], folder)
  if (install.code !== 0) return [{ title: 'npm install of all packages', problem: install.output }]

  const checks: Check[] = [{ title: 'npm install of all packages', problem: undefined }]
  const imports = async (entry: string): Promise<void> => {
    // The suites of contracts call vitest when they are imported, which only runs inside it.
    const script = `const found = Object.keys(await import(${JSON.stringify(entry)})); if (found.length === 0) throw new Error('it exports nothing')`
    const { code, output } = await run(process.execPath, ['--input-type=module', '-e', script], folder)
    checks.push({ title: `import of ${entry}`, problem: code === 0 ? undefined : output })
  }
  for (const entry of entries.filter((name) => !needsPeers(name))) await imports(entry)

  const infra = packages.find(({ name }) => name === '@cairn/infra')
  const optional = Object.entries(infra?.devDependencies ?? {}).filter(([name]) =>
    /^@(temporalio|supabase)\/|^(pg-boss|ws|cloudevents)$/.test(name),
  )
  const added = await run('npm', ['install', '--no-audit', '--no-fund', ...optional.map(([name, version]) => `${name}@${version}`)], folder)
  checks.push({ title: 'npm install of the optional peers', problem: added.code === 0 ? undefined : added.output })
  for (const entry of entries.filter(needsPeers)) await imports(entry)
  checks.push(await checkWorker(folder))

  await writeFile(join(folder, 'index.ts'), entries.map((entry, index) => `export * as entry${index} from '${entry}'`).join('\n'))
  const options = [
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2024',
    '--lib',
    'es2024,esnext.disposable',
    '--types',
    'node',
  ]
  const compiled = await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...options, 'index.ts'], folder)
  // Declarations of others may have their faults; ours may have none.
  const ours = compiled.output.split('\n').filter((line) => line.startsWith('index.ts') || line.includes('node_modules/@cairn/'))
  checks.push({ title: 'types of all entries', problem: ours.length === 0 ? undefined : ours.join('\n') })
  return checks
}
