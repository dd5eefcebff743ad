import type { FaultPoint } from '@cairn/core'
import { rebuild } from '@cairn/projections'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase } from '../../support/test-database.ts'
import { balances, totals } from './support/bank.ts'
import { foldedRows, visibleRows } from './support/fold.ts'
import { openPgHost, type PgProjectionHost } from './support/pg-host.ts'
import { startCommand, startRebuildChild } from './support/run-child.ts'
import { Writer } from './support/writer.ts'

const database = await testDatabase()
const version1 = balances()
let host: PgProjectionHost
let writer: Writer

beforeAll(async () => {
  host = await openPgHost(database, [version1, totals])
  writer = new Writer(host.db)
  await writer.append(800)
  // Something that is live, so that each rebuild is a switch.
  await rebuild(host, { all: true })
})

afterAll(async () => {
  await writer.drained()
  await host.close()
})

/** Where, and at which time that it is reached. */
const places: readonly (readonly [FaultPoint, number])[] = [
  ['generation-created', 2],
  ['lease-taken', 2],
  ['batch-read', 4],
  ['batch-handled', 4],
  ['commit-begun', 3],
  ['rows-written', 5],
  ['checkpoint-written', 4],
  ['committed', 6],
  ['rebuild-caught-up', 1],
  ['rebuild-verified', 2],
  ['switch-locked', 1],
  ['switch-written', 2],
  ['switched', 1],
]

describe('a rebuild whose process is killed', () => {
  it.each(places)('at %s, the %ith time, is finished by the same call, to the same rows', async (point, hit) => {
    await writer.append(50)
    const killed = await startRebuildChild({ database, code: 'v1', at: { point, hit, action: 'kill' } }).ended
    expect(killed).toMatchObject({ signal: 'SIGKILL', stdout: '', stderr: '' })
    // Readers see a whole model all the while: the old one, or the new one.
    expect((await visibleRows(database.url, database.schema, version1)).get('account_balance')).toHaveLength(40)

    const finished = await startRebuildChild({ database, code: 'v1' }).ended
    expect(finished).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(finished.stdout)).toMatchObject([{ status: 'rebuilt' }, { status: 'rebuilt' }])
    for (const definition of [version1, totals]) {
      expect(await visibleRows(database.url, database.schema, definition)).toEqual(await foldedRows(host.reader, definition))
    }
  })

  it('while it folds a second time to compare: a build that is begun anew is not compared with what was left', async () => {
    // The first commit is the build's, the second one the second fold's.
    const killed = await startCommand(['owner-total', '--verify'], {
      database,
      code: 'v1',
      at: { point: 'committed', hit: 2, action: 'kill' },
    }).ended
    expect(killed.signal).toBe('SIGKILL')
    const left = (await host.store.generations('owner-total')).filter(({ state }) => state === 'building')
    expect(left).toHaveLength(2)
    const [, side] = left
    const status = await host.subscriptions.get({ name: 'owner-total', generation: side?.generation ?? 0 })
    expect(status?.partitions[0]?.checkpoint).toBeGreaterThan(0)
    // As other code would have folded them.
    for (const { name, model } of side?.tables ?? []) {
      if (model.name === 'text_total') await queryOnce(database.url, `update ${database.schema}.${name} set amount = amount + 1`)
    }
    const finished = await startCommand(['owner-total', '--from-scratch', '--verify'], { database, code: 'v1' }).ended
    expect(finished).toMatchObject({ code: 0, stderr: '' })
    expect(await visibleRows(database.url, database.schema, totals)).toEqual(await foldedRows(host.reader, totals))
  })

  it('leaves no tables that nobody owns', async () => {
    const generations = await host.store.generations()
    const known = generations.flatMap(({ tables }) => tables.map(({ name }) => name)).toSorted()
    const there = await queryOnce<{ name: string }>(
      database.url,
      `select relname as name from pg_class where relnamespace = $1::regnamespace and relkind = 'r' and relname ~ '__v\\d+_g\\d+$' order by 1`,
      [database.schema],
    )
    expect(there.map(({ name }) => name).toSorted()).toEqual(known)
    expect(generations.filter(({ state }) => state === 'building')).toEqual([])
  })

  it('is finished for one tenant too', async () => {
    for (const [point, hit] of [
      ['rows-written', 2],
      ['committed', 3],
    ] as const) {
      const killed = await startRebuildChild({ database, code: 'v1', at: { point, hit, action: 'kill' } }, 'tenant').ended
      expect(killed.signal).toBe('SIGKILL')
    }
    const finished = await startRebuildChild({ database, code: 'v1' }, 'tenant').ended
    expect(JSON.parse(finished.stdout)).toMatchObject([{ status: 'rebuilt' }, { status: 'rebuilt' }])
    expect(await visibleRows(database.url, database.schema, version1)).toEqual(await foldedRows(host.reader, version1))
  })
})
