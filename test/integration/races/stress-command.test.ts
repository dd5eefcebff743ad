import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { queryOnce } from '../../support/query-once.ts'
import { testServer } from '../../support/test-server.ts'

const program = fileURLToPath(new URL('../../stress/main.ts', import.meta.url))
const { url } = testServer()

interface Ended {
  readonly code: unknown
  readonly stdout: string
  readonly stderr: string
}

function stress(...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], (error, stdout, stderr) => resolve({ code: error?.code ?? 0, stdout, stderr }))
  })
}

/** Of the command: checks in other test files make theirs on this server too. */
async function databasesLeft(): Promise<unknown[]> {
  return queryOnce(url, `select datname from pg_database where datname like 'cairn_stress_command%'`)
}

test('a check that is ok ends with 0 and prints exactly one JSON document', async () => {
  const { code, stdout } = await stress('creation', '--rounds', '1', '--racers', '4', '--url', url, '--json')
  expect(JSON.parse(stdout)).toMatchObject({ check: 'creation', ok: true, races: 12, control: { winners: 4 } })
  expect(code).toBe(0)
  expect(await databasesLeft()).toEqual([])
})

test('a check that is not ok ends with 1, and says so to a person', async () => {
  const { code, stdout } = await stress('held-stream', '--seconds', '0.2', '--rounds', '1', '--limit', '0.0001', '--url', url)
  expect(stdout).toContain('held-stream: NOT OK')
  expect(code).toBe(1)
})

test.each([
  ['an unknown option', ['order', '--writer', '3']],
  ['a value that is no number', ['dedup', '--racers', 'many']],
  ['an unknown check', ['chaos']],
  ['no check', []],
])('%s ends with 2, the reason and the usage on standard error', async (_, args) => {
  const { code, stdout, stderr } = await stress(...args)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toMatch(/error:|Usage:/)
})

test('the help of each check has its options and examples, and ends with 0', async () => {
  const checks = [
    'order',
    'creation',
    'dedup',
    'held-stream',
    'tenants',
    'faults',
    'projections-kill',
    'projections-pause',
    'hints',
    'poison',
    'rebuild-load',
    'orders',
  ]
  for (const [i, { code, stdout }] of (await Promise.all(checks.map((check) => stress(check, '--help')))).entries()) {
    expect(stdout).toContain(`Usage: stress ${checks[i]}`)
    expect(stdout).toContain(`Examples:\n  pnpm stress ${checks[i]}`)
    expect(code).toBe(0)
  }
})
