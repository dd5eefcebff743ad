import { rebuild } from '@cairn/projections'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase } from '../../support/test-database.ts'
import type { FixtureSettings } from './fixtures/cairn.config.ts'
import { balances, balancesV2, totals } from './support/bank.ts'
import { foldedRows, visibleRows } from './support/fold.ts'
import { openPgHost, type PgProjectionHost } from './support/pg-host.ts'
import { startCommand, type ChildResult } from './support/run-child.ts'
import { Writer } from './support/writer.ts'

const database = await testDatabase()
const version1 = balances()
const settings: FixtureSettings = { database, code: 'v1' }
let host: PgProjectionHost
let writer: Writer

beforeAll(async () => {
  host = await openPgHost(database, [version1, totals])
  writer = new Writer(host.db)
  await writer.append(1_200)
})

afterAll(async () => {
  await writer.drained()
  await host.close()
})

const run = (args: readonly string[], given: FixtureSettings = settings): Promise<ChildResult> => startCommand(args, given).ended
type Document = Readonly<Record<string, unknown>>
const documents = ({ stdout }: ChildResult): readonly Document[] =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Document => JSON.parse(line))
const ofType = (result: ChildResult, type: string): readonly Document[] => documents(result).filter((document) => document['type'] === type)
const widest = (text: string): number => Math.max(...text.split('\n').map((line) => line.length))

describe('rebuild-projections', () => {
  it('without names lists the projections with their state, and leaves with 2', async () => {
    const { code, stdout, stderr } = await run([])
    expect(code).toBe(2)
    expect(stderr).toContain('name the projections, or say --all')
    expect(stderr).toContain('Usage: rebuild-projections')
    expect(stdout).toMatch(/account-balance +1 +not built/)
    expect(stdout).toMatch(/owner-total +1 +not built/)
  })

  it('says what it would do in a dry run, in 80 columns', async () => {
    const { code, stdout } = await run(['account-balance', '--dry-run'])
    expect(code).toBe(0)
    expect(stdout).toContain('account-balance: new -> version 1')
    expect(stdout).toMatch(/events +about 1,2\d\d to read/)
    expect(widest(stdout)).toBeLessThanOrEqual(80)
    // Nothing is run, so nothing is said of how it ended.
    expect(stdout).not.toMatch(/stopped|failed|✖/i)
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/^ {2}tables +account_balance/)
    expect(await host.store.generations()).toEqual([])
  })

  it('builds everything, and without a terminal prints JSON lines: plans, progress, outcomes, a summary', async () => {
    const result = await run(['--all'])
    expect(result).toMatchObject({ code: 0, stderr: '' })
    expect(ofType(result, 'plan').map(({ projection, strategy }) => ({ projection, strategy }))).toEqual([
      { projection: 'account-balance', strategy: 'new' },
      { projection: 'owner-total', strategy: 'new' },
    ])
    expect(new Set(ofType(result, 'progress').map(({ phase }) => phase))).toEqual(
      new Set(['building', 'catching-up', 'verifying', 'switching', 'done']),
    )
    expect(ofType(result, 'summary')).toMatchObject([
      {
        exitCode: 0,
        projections: [
          { projection: 'account-balance', status: 'rebuilt', events: 1_200, rows: 40, parked: 0 },
          { projection: 'owner-total', status: 'rebuilt' },
        ],
      },
    ])
    for (const definition of [version1, totals]) {
      expect(await visibleRows(database.url, database.schema, definition)).toEqual(await foldedRows(host.reader, definition))
    }
  })

  it('prints the state as a table and as JSON', async () => {
    const text = await run(['--status'])
    expect(text.code).toBe(0)
    expect(text.stdout).toMatch(/account-balance +1 +live g1/)
    expect(widest(text.stdout)).toBeLessThanOrEqual(80)
    const json = await run(['--status', '--json'])
    expect(documents(json)).toMatchObject([
      { type: 'status', exitCode: 0, projections: [{ projection: 'account-balance', generations: [{ state: 'live', lag: 0 }] }, {}] },
    ])
  })

  it('says of a mode that changed under its version that the code does not fit', async () => {
    const inline = { ...settings, code: 'inline' } as const
    const text = await run(['--status'], inline)
    expect(text.code).toBe(1)
    expect(text.stdout).toMatch(/account-balance +1 \(changed\) +live g1/)
    expect(text.stdout).toMatch(/owner-total +1 +live/)
    expect(documents(await run(['--status', '--json'], inline))).toMatchObject([
      { exitCode: 1, projections: [{ generations: [{ changed: true }] }, { generations: [{ changed: false }] }] },
    ])
    const drift = await run(['--drift'], inline)
    expect(drift.code).toBe(1)
    expect(drift.stdout).toMatch(/account_balance \(account-balance\): mode, expected inline, found async/)
    const outdated = await run(['--all', '--outdated'], inline)
    expect(outdated.code).toBe(1)
    expect(outdated.stderr).toContain('its mode changed from async to inline. Raise its version to 2')
  })

  it('leaves with 2 at a name that nobody has, naming the nearest', async () => {
    const { code, stderr } = await run(['account-balances'])
    expect(code).toBe(2)
    expect(stderr).toContain('Did you mean "account-balance"?')
    expect(stderr).toContain('Usage: rebuild-projections')
  })

  it('leaves with 2 without a configuration, and says how to name one', async () => {
    const { code, stderr } = await startCommand(['--all'], settings, ['--config', 'no/such/cairn.config.ts']).ended
    expect(code).toBe(2)
    expect(stderr).toContain('--config PATH')
  })

  it('stops at SIGINT after the commit under way with 130, prints the command that goes on, and that command finishes', async () => {
    const child = startCommand(['account-balance', '--from-scratch'], { ...settings, slowMs: 3_000 })
    expect(await child.wrote('"phase":"building"')).toBe(true)
    child.kill('SIGINT')
    const stopped = await child.ended
    expect(stopped.code).toBe(130)
    const [summary] = ofType(stopped, 'summary')
    expect(summary).toMatchObject({ exitCode: 130, resume: expect.stringMatching(/^rebuild-projections account-balance --config /) })
    expect(stopped.stderr).toContain(String(summary?.['resume']))

    const finished = await run(['account-balance'])
    expect(finished.code).toBe(0)
    expect(ofType(finished, 'plan')).toMatchObject([{ strategy: 'resume' }])
    expect(await visibleRows(database.url, database.schema, version1)).toEqual(await foldedRows(host.reader, version1))
  })

  it('leaves with 1 at an event that fails, names it, and says so in the status', async () => {
    const poison = await writer.appendPoison()
    await writer.append(30)
    const { code, stderr } = await run(['account-balance'], { ...settings, code: 'poison' })
    expect(code).toBe(1)
    expect(stderr).toContain(`stopped at event ${poison.id} (account.booked, position ${poison.position})`)
    const status = await run(['--status'])
    expect(status.code).toBe(1)
    expect(status.stdout).toMatch(/account-balance +1 +building g\d+ +failed/)
    expect(status.stdout).toContain(poison.id)
  })

  it('with --park sets such an event aside, goes on, and leaves with 3', async () => {
    const result = await run(['account-balance', '--park'], { ...settings, code: 'poison' })
    expect(result.code).toBe(3)
    expect(ofType(result, 'summary')).toMatchObject([{ exitCode: 3, projections: [{ status: 'rebuilt', parked: 31 }] }])
    expect((await run(['--status'])).code).toBe(3)
    // The projection names no partition key, so whatever comes behind it waits.
    const parked = await host.subscriptions.parked({})
    expect(parked[0]).toMatchObject({ status: 'parked', type: 'account.booked' })
    expect(parked.slice(1).map(({ status }) => status)).toEqual(Array.from({ length: 30 }, () => 'waiting'))
  })

  it('changes the version, and goes back by --rollback', async () => {
    await rebuild(host, { all: true, fromScratch: true })
    const result = await run(['account-balance', '--json'], { ...settings, code: 'v2' })
    expect(result.code).toBe(0)
    expect(ofType(result, 'plan')).toMatchObject([
      { fromVersion: 1, toVersion: 2, tables: [{ added: ['largest'], removed: ['bookings'] }] },
    ])
    expect(await visibleRows(database.url, database.schema, balancesV2)).toEqual(await foldedRows(host.reader, balancesV2))

    const lower = await run(['account-balance'])
    expect(lower.code).toBe(1)
    expect(lower.stderr).toContain('--rollback')

    const back = await run(['account-balance', '--rollback'])
    expect(back).toMatchObject({ code: 0 })
    expect(back.stdout).toContain('version 1, is live again')
    const none = await run(['owner-total', '--rollback'])
    expect(none.code).toBe(0)
    expect(await visibleRows(database.url, database.schema, version1)).toEqual(await foldedRows(host.reader, version1))
  })

  it('makes views of others anew at --rollback when told to', async () => {
    await queryOnce(database.url, `create view public.balance_report as select id from ${database.schema}.account_balance`)
    const refused = await run(['account-balance', '--rollback'])
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('public.balance_report')
    const done = await run(['account-balance', '--rollback', '--recreate-dependents'])
    expect(done).toMatchObject({ code: 0, stderr: '' })
    expect(done.stdout).toContain('version 2, is live again')
    expect(await queryOnce(database.url, `select id from public.balance_report`)).toHaveLength(40)
    await queryOnce(database.url, `drop view public.balance_report`)
    expect(await run(['account-balance', '--rollback'])).toMatchObject({ code: 0 })
  })

  it.each([['--in-place'], ['--tenant=acme']])('leaves with 2 at --verify with %s, which folds nothing twice', async (option) => {
    const { code, stderr } = await run(['account-balance', '--verify', option])
    expect(code).toBe(2)
    expect(stderr).toContain('verify and')
  })

  it('finds drift with 1, repairs it, and then finds none', async () => {
    expect((await run(['--drift'])).code).toBe(0)
    await queryOnce(database.url, `drop view ${database.schema}.account_balance`)
    const found = await run(['--drift', '--json'])
    expect(found.code).toBe(1)
    expect(documents(found)).toMatchObject([{ type: 'drift', exitCode: 1, drift: [{ table: 'account_balance', kind: 'missing-view' }] }])
    expect((await run(['--repair'])).code).toBe(0)
    expect((await run(['--drift'])).code).toBe(0)
  })

  it('lints', async () => {
    expect(await run(['--lint'])).toMatchObject({ code: 0 })
  })
})
