import { allRows, defineProjection, integer, json, rebuild, table, text, timestamp } from '@cairn/projections'
import type { LogReadOptions, ProjectionDefinition } from '@cairn/core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { testDatabase } from '../../support/test-database.ts'
import { accountEvents, balances, totals } from './support/bank.ts'
import { foldedRows, plain, visibleRows } from './support/fold.ts'
import { openPgHost, type PgProjectionHost } from './support/pg-host.ts'
import { Writer } from './support/writer.ts'

// A rebuild reads no metadata and no times until a handler looks at them. Whoever does must get them, from the first event on.

const columns = { id: text(), at: timestamp().nullable(), by: text().default(''), whole: json().nullable(), bookings: integer().default(0) }
const tables = table(columns, { key: 'id', readAccess: { '*': allRows } })

const looksAtOnce = defineProjection('looks-at-once', { version: 1, events: [accountEvents], tables }).on({
  'account.booked': (e, { looks_at_once }) =>
    looks_at_once.upsert({ id: e.aggregateId, at: e.recordedAt, by: e.metadata.correlationId, whole: e.metadata, bookings: e.version }),
})

/** Half of the log is folded before it meets an event whose metadata it wants. */
const looksLate = defineProjection('looks-late', { version: 1, events: [accountEvents], tables }).on({
  'account.booked': (e, { looks_late }) => {
    looks_late.increment(e.aggregateId, { bookings: 1 })
    if (e.position > 700) looks_late.patch(e.aggregateId, { by: e.metadata.correlationId, at: e.recordedAt })
  },
})

/** Goes on as if nothing were, where it cannot see what it looks for. */
const looksQuietly = defineProjection('looks-quietly', { version: 1, events: [accountEvents], tables }).on({
  'account.booked': (e, { looks_quietly }) => {
    let by = 'unknown'
    try {
      by = e.metadata.correlationId
    } catch {
      // What it wrote must not stay.
    }
    looks_quietly.upsert({ id: e.aggregateId, at: null, by, whole: null, bookings: e.version })
  },
})

const database = await testDatabase()
const looking = [looksAtOnce, looksLate, looksQuietly]
const blind = [balances(), totals]
let host: PgProjectionHost

beforeAll(async () => {
  host = await openPgHost(database, [...looking, ...blind])
  await new Writer(host.db).append(1_500)
})
afterAll(() => host.close())

/** Reads of a rebuild, by whether they left something out. */
async function readsOf(names: readonly string[]): Promise<{ readonly short: number; readonly full: number }> {
  const reads = { short: 0, full: 0 }
  const { reader } = host
  const counted = {
    logId: () => reader.logId(),
    head: () => reader.head(),
    positionAt: (time: Date) => reader.positionAt(time),
    read: (options: LogReadOptions) => {
      reads[options.unread === undefined ? 'full' : 'short']++
      return reader.read(options)
    },
  }
  const { outcomes } = await rebuild({ ...host, reader: counted }, { names, tuning: { pageSize: 100 } })
  expect(outcomes.map(({ status, events }) => ({ status, events }))).toEqual(
    names.map(() => ({ status: 'rebuilt', events: expect.any(Number) })),
  )
  for (const { projection, events } of outcomes) {
    const { length } = (
      await host.reader.read({ after: 0, limit: 10_000, types: host.projections.find(({ name }) => name === projection)?.types })
    ).events
    expect(events).toBe(length)
  }
  return reads
}

async function expectFolded(definition: ProjectionDefinition): Promise<void> {
  expect(plain(await visibleRows(database.url, database.schema, definition))).toEqual(plain(await foldedRows(host.reader, definition)))
}

it.each(looking.map(({ name }) => name))('%s has its metadata and times', async (name) => {
  const definition = looking.find((one) => one.name === name) ?? looksAtOnce
  const reads = await readsOf([name])
  expect(reads.full).toBeGreaterThan(0)
  await expectFolded(definition)
})

it('projections that look at neither are built without, and beside one that looks with them', async () => {
  const names = blind.map(({ name }) => name)
  expect(await readsOf(names)).toMatchObject({ full: 0 })
  const together = await readsOf([...names, 'looks-late'])
  expect(together.full).toBeGreaterThan(0)
  for (const definition of [...blind, looksLate]) await expectFolded(definition)
})
