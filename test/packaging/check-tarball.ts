import { join } from 'node:path'
import { root, type WorkspacePackage } from '../architecture/workspace.ts'
import { run } from './run.ts'

export interface Check {
  readonly title: string
  /** What is wrong; undefined when it holds. */
  readonly problem: string | undefined
}

/** Pinned, and fetched for this check alone: it brings an old TypeScript that nothing else here needs. */
const attw = '@arethetypeswrong/cli@0.18.5'

/** Packs as `pnpm publish` would; returns the tarball's path. */
export async function pack({ folder, name }: WorkspacePackage, into: string): Promise<string> {
  const { code, output } = await run('npx', ['-y', 'pnpm@12', 'pack', '--pack-destination', into, '--json'], join(root, folder))
  const file = /[^"\s]+\.tgz/.exec(output)?.[0]
  if (code !== 0 || file === undefined) throw new Error(`${name} could not be packed: ${output}`)
  return join(into, file.split('/').at(-1) ?? file)
}

export async function checkTarball({ name, exports }: WorkspacePackage, tarball: string): Promise<readonly Check[]> {
  const publint = await run(process.execPath, [join(root, 'node_modules/publint/src/cli.js'), 'run', tarball, '--strict'], root)
  const types = await run('npx', ['-y', attw, tarball, '--profile', 'esm-only', '--no-color', '--no-emoji'], root)
  const listing = (await run('tar', ['-tzf', tarball], root)).output.split('\n')
  const manifest = (await run('tar', ['-xzOf', tarball, 'package/package.json'], root)).output
  const stray = listing.filter((path) => /\.test\.|\.test-d\.|tsbuildinfo|package\/src\/.*(?<!\.ts)$/.test(path))
  const needed = ['package/package.json', 'package/LICENSE', 'package/README.md']
  const missing = needed.filter((path) => !listing.includes(path))
  return [
    { title: `${name}: publint`, problem: publint.code === 0 ? undefined : publint.output },
    { title: `${name}: attw`, problem: types.code === 0 ? undefined : types.output },
    { title: `${name}: holds no tests and no build state`, problem: stray.length === 0 ? undefined : stray.join('\n') },
    { title: `${name}: holds its licence and its readme`, problem: missing.length === 0 ? undefined : missing.join('\n') },
    {
      title: `${name}: names no workspace and no source as an entry`,
      problem: /workspace:|"\.\/src\//.test(manifest) ? manifest : undefined,
    },
    { title: `${name}: has entries`, problem: Object.keys(exports).length > 0 ? undefined : 'exports is empty' },
  ]
}
