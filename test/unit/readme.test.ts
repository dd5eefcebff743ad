import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'

const root = new URL('../../', import.meta.url)
// Beside the tests, so that packages are found as a user's code finds them.
const folder = mkdtempSync(fileURLToPath(new URL('test/.readme-', root)))
afterAll(() => rmSync(folder, { recursive: true }))

it('runs the example of the README, and its comment tells the truth', () => {
  const [, example = ''] = /```ts\n([\s\S]*?)```/.exec(readFileSync(new URL('README.md', root), 'utf8')) ?? []
  const [, promised = ''] = /console\.log\(.*\) \/\/ (.*)/.exec(example) ?? []
  const file = join(folder, 'example.ts')
  writeFileSync(file, example)
  const run = spawnSync(process.execPath, [file], { encoding: 'utf8', timeout: 30_000 })
  expect(run.stderr).toBe('')
  expect(run.stdout.trim()).toBe(promised)
  expect(promised).not.toBe('')
})
