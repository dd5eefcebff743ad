import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { tsc } from '../types/tsc.ts'

const root = new URL('../../', import.meta.url)
// Beside the tests, so that packages are found as a user's code finds them.
const folder = mkdtempSync(fileURLToPath(new URL('test/.guides-', root)))
afterAll(() => rmSync(folder, { recursive: true }))

/** All examples of a guide, one after the other, as one module; those marked `no-run` need an app. */
function examplesOf(guide: string): readonly string[] {
  const text = readFileSync(new URL(`docs/guides/${guide}`, root), 'utf8')
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, example = '']) => example)
}

test.each([
  ['projections.md', 4],
  ['subscriptions.md', 1],
  ['process-managers.md', 4],
  ['linting.md', 1],
  ['pumps.md', 1],
] as const)(
  'the %s examples compile and run',
  async (guide, count) => {
    const examples = examplesOf(guide)
    expect(examples).toHaveLength(count)
    const file = join(folder, `${guide}.ts`)
    writeFileSync(file, examples.join('\n'))
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ extends: '../types/tsconfig.json', include: [], files: [file] }))
    expect(await tsc('-p', folder)).toEqual([])
    const run = spawnSync(process.execPath, [file], { encoding: 'utf8', timeout: 30_000 })
    expect(run.stderr).toBe('')
    expect(run.status).toBe(0)
  },
  120_000,
)
