import { readFileSync } from 'node:fs'
import { accessRules, domainRules, readAccessRules } from '@cairn/core'
import { expect, test } from 'vitest'

const guide = readFileSync(new URL('../../../docs/guides/linting.md', import.meta.url), 'utf8')

test.each([
  ['Domains', domainRules],
  ['Read access as it is declared', readAccessRules],
  ['Read access in the database', accessRules],
] as const)('the guide lists the rules of "%s", all and no others', (title, rules) => {
  const [, section = ''] = guide.split(`\n## ${title}\n`)
  const listed = [...(section.split('\n## ')[0] ?? '').matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, rule]) => rule)
  expect(listed).toEqual([...rules])
})
