import { existsSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const root = new URL('../../', import.meta.url)
const rows = [...readFileSync(new URL('docs/requirements.md', root), 'utf8').matchAll(/^\| ([A-H]\d+|N\d+) \| .+ \| (.+) \|$/gm)]

it('names for each capability a test that exists', () => {
  expect(rows.length).toBeGreaterThan(40)
  const missing = rows.flatMap(([, id, tests = '']) => {
    const paths = [...tests.matchAll(/`([\w./-]+\.ts)`/g)].map(([, path = '']) => path)
    const absent = paths.filter((path) => !existsSync(new URL(path, root)))
    return paths.length === 0 || absent.length > 0 ? [{ id, absent }] : []
  })
  expect(missing).toEqual([])
})

it('lists each id once', () => {
  expect(new Set(rows.map(([, id]) => id)).size).toBe(rows.length)
})
