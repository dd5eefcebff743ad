import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'

const root = new URL('../../', import.meta.url)
// Beside the tests, so that packages are found as a user's code finds them.
const folder = mkdtempSync(fileURLToPath(new URL('test/.readme-', root)))
afterAll(() => rmSync(folder, { recursive: true }))

const examples = [...readFileSync(new URL('README.md', root), 'utf8').matchAll(/```ts\n([\s\S]*?)```/g)].map(([, text = '']) => text)

it('has examples', () => {
  expect(examples.length).toBeGreaterThan(1)
})

it.each(examples.map((text, i) => ({ text, i })))('runs example $i of the README, and its comment tells the truth', ({ text, i }) => {
  const [, promised = ''] = /console\.log\(.*\) \/\/ (.*)/.exec(text) ?? []
  const file = join(folder, `example-${i}.ts`)
  writeFileSync(file, text)
  const run = spawnSync(process.execPath, [file], { encoding: 'utf8', timeout: 30_000 })
  expect(run.stderr).toBe('')
  expect(run.stdout.trim()).toBe(promised)
  expect(promised).not.toBe('')
})
