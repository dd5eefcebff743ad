import { globSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const root = new URL('../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8')

interface ErrorClass {
  readonly name: string
  readonly code: string
}

const sources = globSync('packages/*/src/**/*.ts', { cwd: root }).filter((path) => !path.includes('.test'))
const classes = sources.flatMap((path) =>
  [...read(path).matchAll(/class (\w+) extends CairnError \{\s+readonly code = '(CAIRN_\w+)'/g)].map(
    ([, name = '', code = '']): ErrorClass => ({ name, code }),
  ),
)
const tests = globSync(['packages/**/*.test.ts', 'packages/testing/src/contracts/**/*.ts', 'examples/**/*.test.ts', 'test/**/*.ts'], {
  cwd: root,
  exclude: ['**/node_modules/**', 'test/unit/error-reference.test.ts'],
}).map(read)

const byName = (a: ErrorClass, b: ErrorClass): number => a.name.localeCompare(b.name)

describe('the error reference', () => {
  it('finds the error classes', () => {
    expect(classes.length).toBeGreaterThan(25)
  })

  it('lists every code beside its class, and none that does not exist', () => {
    const listed = [...read('docs/reference/errors.md').matchAll(/^\| `(CAIRN_\w+)` \| `(\w+)` \|/gm)].map(
      ([, code = '', name = '']): ErrorClass => ({ name, code }),
    )
    expect(listed.toSorted(byName)).toEqual(classes.toSorted(byName))
  })

  it('gives each failure one code', () => {
    expect(new Set(classes.map((error) => error.code)).size).toBe(classes.length)
  })

  it.each(classes)('has a test that meets $name', ({ name, code }) => {
    expect(tests.some((text) => text.includes(code) || text.includes(name))).toBe(true)
  })

  // A business rule is thrown by the domains of users.
  it.each(classes.filter((error) => error.name !== 'BusinessRuleViolation'))('knows a place that throws $name', ({ name }) => {
    expect(sources.some((path) => read(path).includes(`new ${name}(`))).toBe(true)
  })
})
