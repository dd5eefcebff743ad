import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rebuild } from '@cairn/projections'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase } from '../../support/test-database.ts'
import type { FixtureSettings } from './fixtures/cairn.config.ts'
import { balances, balancesV2, totals } from './support/bank.ts'
import { foldedRows, visibleRows } from './support/fold.ts'
import { openPgHost, type PgProjectionHost } from './support/pg-host.ts'
import { startCommand, type ChildResult } from './support/run-child.ts'
import { Writer } from './support/writer.ts'

const database = await testDatabase()
const { url, schema } = database
const settings: FixtureSettings = { database, code: 'v1' }
const version1 = balances()
const definitions = [version1, totals]
const folder = await mkdtemp(join(tmpdir(), 'cairn-drift-'))
const report = join(folder, 'drift.json')
const lostReport = join(folder, 'lost.json')
let host: PgProjectionHost

beforeAll(async () => {
  host = await openPgHost(database, definitions)
  const writer = new Writer(host.db)
  await writer.append(600)
  await writer.drained()
  await rebuild(host, { all: true })
})

afterAll(async () => {
  await host.close()
  await rm(folder, { recursive: true, force: true })
})

const run = (...args: readonly string[]): Promise<ChildResult> => startCommand(args, settings).ended
const runNext = (...args: readonly string[]): Promise<ChildResult> => startCommand(args, { ...settings, code: 'v2' }).ended

function types({ stdout }: ChildResult): readonly unknown[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
    .map(({ type, strategy, repaired }) => [type, strategy ?? repaired?.map(({ kind }: { readonly kind: string }) => kind)])
    .filter(([type]) => type === 'plan' || type === 'repair' || type === 'summary')
}

async function liveTable(projection: string): Promise<string> {
  const live = (await host.store.generations(projection)).find(({ state }) => state === 'live')
  return `${schema}.${live?.tables[0]?.name}`
}

it('repairs and rebuilds what the report names, goes on after it was killed, and comes to the rows of the log', async () => {
  // One for a rebuild, one for a repair; and rows that are no longer what the log says.
  const damaged = await liveTable('account-balance')
  await queryOnce(url, `alter table ${damaged} add column stray integer`)
  await queryOnce(url, `update ${damaged} set balance = balance + 1`)
  await queryOnce(url, `drop view ${schema}.text_total`)
  const found = await run('--drift', '--json')
  expect(found.code).toBe(1)
  await writeFile(report, found.stdout)

  const dry = await run('--drift-report', report, '--dry-run', '--json')
  expect([dry.code, types(dry)]).toEqual([0, [['plan', 'new']]])

  const child = startCommand(['--drift-report', report, '--json'], { ...settings, slowMs: 400 })
  expect(await child.wrote('"phase":"building"')).toBe(true)
  child.kill('SIGKILL')
  await child.ended

  const second = await run('--drift-report', report, '--json')
  expect([second.code, types(second)]).toEqual([
    0,
    [
      ['repair', []],
      ['plan', 'resume'],
      ['summary', undefined],
    ],
  ])
  for (const definition of definitions) {
    expect(await visibleRows(url, schema, definition)).toEqual(await foldedRows(host.reader, definition))
  }

  expect((await run('--drift')).code).toBe(0)
})

it('does not restore a lost column as an empty one: its values come from the log, by a rebuild', async () => {
  // It has a default, so it could be added.
  await queryOnce(url, `alter table ${await liveTable('account-balance')} drop column balance cascade`)
  const repaired = await run('account-balance', '--repair')
  expect(repaired.code).toBe(1)
  expect(repaired.stdout).toMatch(/account_balance\.balance \(account-balance\): missing column, .*rebuild it\./s)
  const lost = await run('--drift', '--json')
  expect(lost.code).toBe(1)
  await writeFile(lostReport, lost.stdout)
  const followed = await run('--drift-report', lostReport, '--json')
  expect([followed.code, types(followed).slice(0, 2)]).toEqual([
    0,
    [
      ['repair', []],
      ['plan', 'new'],
    ],
  ])
  expect(await visibleRows(url, schema, version1)).toEqual(await foldedRows(host.reader, version1))
  expect((await run('--drift')).code).toBe(0)
})

it('leaves alone what has been put right since', async () => {
  const before = await host.store.generations()
  const again = await run('--drift-report', report, '--json')
  expect([again.code, types(again)]).toEqual([0, [['repair', []]]])
  expect(await host.store.generations()).toEqual(before)
})

it('goes on with the build of another version, whose own tables are as the code has them', async () => {
  const found = await runNext('--drift', '--json')
  expect(found.code).toBe(1)
  await writeFile(report, found.stdout)
  const child = startCommand(['--drift-report', report, '--json'], { ...settings, code: 'v2', slowMs: 400 })
  expect(await child.wrote('"phase":"building"')).toBe(true)
  child.kill('SIGKILL')
  await child.ended
  expect((await runNext('--drift')).code).toBe(0)
  const second = await runNext('--drift-report', report, '--json')
  expect([second.code, types(second).slice(1, 2)]).toEqual([0, [['plan', 'resume']]])
  expect(await visibleRows(url, schema, balancesV2)).toEqual(await foldedRows(host.reader, balancesV2))
})

it('leaves with 2 at a file that is no report, and says how to make one', async () => {
  const none = join(folder, 'none.json')
  await writeFile(none, '{"type":"status"}\n')
  for (const file of [none, join(folder, 'absent.json')]) {
    const { code, stderr } = await run('--drift-report', file)
    expect(code).toBe(2)
    expect(stderr).toContain('--drift --json')
  }
})
