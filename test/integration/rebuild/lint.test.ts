import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase } from '../../support/test-database.ts'
import type { FixtureSettings } from './fixtures/cairn.config.ts'
import { startCommand, type ChildResult } from './support/run-child.ts'

const database = await testDatabase()
const { url, schema } = database
const settings: FixtureSettings = { database, code: 'v1' }
const config = fileURLToPath(new URL('fixtures/lint.config.ts', import.meta.url))

const run = (...args: readonly string[]): Promise<ChildResult> => startCommand(args, settings, ['--config', config]).ended

interface Finding {
  readonly source: string
  readonly severity: string
  readonly rule: string
  readonly subject: string
  readonly remedy: string
}
interface LintDocument {
  readonly type: 'lint'
  readonly exitCode: number
  readonly findings: readonly Finding[]
  readonly fixed?: readonly Finding[]
}

async function lint(...args: readonly string[]): Promise<LintDocument & { readonly code: number | null }> {
  const { code, stdout, stderr } = await run('--lint', '--json', ...args)
  expect(stderr).toBe('')
  const document: LintDocument = JSON.parse(stdout)
  expect(document.exitCode).toBe(code)
  return { ...document, code }
}

const told = (findings: readonly Finding[] | undefined) =>
  findings?.filter(({ severity }) => severity === 'warning').map(({ source, rule, subject }) => [source, rule, subject])

const inTheCode = [
  ['domain', 'unknown-command-sent', 'process manager billed'],
  ['domain', 'policy-without-command', 'policy ordr.create'],
  ['projection', 'uncovered-table', 'projection hidden'],
]

it('lints the app of a configuration: its domains, its policies, its projections, and the database, each fault once', async () => {
  expect((await run('--all')).code).toBe(0)
  const clean = await lint()
  expect(clean.code).toBe(1)
  expect(told(clean.findings)).toEqual(inTheCode)
  for (const { remedy } of clean.findings) expect(remedy).toMatch(/^[A-Z].*\S$/)

  const [{ name: physical } = { name: '' }] = await queryOnce<{ name: string }>(
    url,
    `select t ->> 'name' as name from ${schema}.generations g, jsonb_array_elements(g.tables) t where projection = 'order-summary'`,
  )
  await queryOnce(url, `create policy backdoor on ${schema}.${physical} for select to ${schema}_app using (true)`)
  await queryOnce(url, `create table ${schema}.notes (id int)`)
  const faulty = await lint()
  expect(told(faulty.findings)).toEqual([
    ...inTheCode,
    ['database', 'extra-policy', `table ${physical}`],
    ['database', 'unowned-table', 'table notes'],
  ])
  const named = await lint('order-summary')
  expect(told(named.findings)).toEqual([['database', 'extra-policy', `table ${physical}`]])
})

it('says it to people in 80 columns, with the rule and the remedy', async () => {
  const { code, stdout } = await run('--lint')
  expect(code).toBe(1)
  const text = stdout.replaceAll(/\s+/g, ' ')
  expect(text).toContain(
    'sends invoice.create, which no domain of this app handles. Add the domain of its aggregate to the app. [unknown-command-sent]',
  )
  expect(text).toContain('--lint --fix mends')
  expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
})

it('mends what can be mended in the database, says what it did and what it left, and finds nothing more there', async () => {
  const first = await lint('order-summary', '--fix')
  expect(first).toMatchObject({ code: 0, findings: [], fixed: [{ rule: 'extra-policy' }] })
  const second = await lint('--fix')
  expect(second).toMatchObject({ code: 1, fixed: [] })
  expect(told(second.findings)).toEqual([...inTheCode, ['database', 'unowned-table', 'table notes']])
  expect((await lint('order-summary')).code).toBe(0)
  expect(await run('--drift', '--all')).toMatchObject({ code: 0 })
})

it('leaves with 2 where --fix stands alone', async () => {
  const { code, stderr } = await run('--fix')
  expect(code).toBe(2)
  expect(stderr).toContain('--lint --fix')
})
