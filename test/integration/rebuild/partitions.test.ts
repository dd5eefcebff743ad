import { UpcastError, type RecordedEvent } from '@cairn/core'
import { allRows, defineProjection, integer, rebuild, table, text } from '@cairn/projections'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testDatabase } from '../../support/test-database.ts'
import { accountEvents, balances, totals } from './support/bank.ts'
import { foldedRows, visibleRows } from './support/fold.ts'
import { openPgHost, type PgProjectionHost } from './support/pg-host.ts'
import { Writer } from './support/writer.ts'

const database = await testDatabase()
let host: PgProjectionHost
let writer: Writer

beforeAll(async () => {
  host = await openPgHost(database, [])
  writer = new Writer(host.db, 300)
  await writer.append(3_000)
})

afterAll(async () => {
  await writer.drained()
  await host.close()
})

const small = { pageSize: 70, flushEveryMs: 0 }

describe('a rebuild gives the rows of a fold of the log', () => {
  it.each([
    ['with one partition', 1, 1, {}],
    ['with four', 4, 1, {}],
    ['with four, and reading far ahead', 4, 8, small],
    ['where every page is written by itself', 1, 1, small],
    ['where few rows stay in memory, so that they are read again', 1, 2, { ...small, cacheRows: 3, cacheBytes: 2_000 }],
    ['where few rows stay in memory, and in several partitions', 4, 2, { ...small, cacheRows: 3, cacheBytes: 2_000 }],
    ['where rows are written when there are some', 2, 2, { pageSize: 50, maxPendingRows: 20 }],
  ] as const)('%s', async (_, partitions, parallel, tuning) => {
    const definition = balances({ partitions, version: 1 })
    const { outcomes } = await rebuild({ ...host, projections: [definition] }, { all: true, fromScratch: true, parallel, tuning })
    expect(outcomes[0]?.error).toBeUndefined()
    expect(outcomes[0]).toMatchObject({ status: 'rebuilt', events: 3_000 })
    expect(await visibleRows(database.url, database.schema, definition)).toEqual(await foldedRows(host.reader, definition))
  })

  it('for two projections of different partitions and reading habits at once', async () => {
    const definition = balances({ partitions: 3 })
    const { outcomes } = await rebuild(
      { ...host, projections: [definition, totals] },
      { all: true, fromScratch: true, tuning: { ...small, cacheRows: 3 } },
    )
    expect(outcomes.map(({ status }) => status)).toEqual(['rebuilt', 'rebuilt'])
    for (const one of [definition, totals]) {
      expect(await visibleRows(database.url, database.schema, one)).toEqual(await foldedRows(host.reader, one))
    }
  })

  it('where partition keys are made of what only lifted events have', async () => {
    const { outcomes } = await rebuild({ ...host, lift: withHouse, projections: [byHouse] }, { all: true, tuning: small })
    expect(outcomes[0]?.error).toBeUndefined()
    expect(await visibleRows(database.url, database.schema, byHouse)).toEqual(await foldedRows(lifting(host, withHouse), byHouse))
  })

  it('and stops at an event that cannot be lifted, naming it', async () => {
    const poison = await writer.appendPoison()
    const lift = (event: RecordedEvent): RecordedEvent => {
      if (event.id === poison.id) throw new Error('No upcaster knows this.')
      return event
    }
    const { outcomes } = await rebuild({ ...host, lift, projections: [totals] }, { all: true, tuning: small })
    expect(outcomes[0]).toMatchObject({ status: 'failed', error: { code: 'CAIRN_REBUILD_STOPPED', details: { eventId: poison.id } } })
  })

  it('and stops in every partition at an event that newer code has stored, for newer code to go on there', async () => {
    const newer = await writer.appendPoison()
    // Without what its key is made of it seems to be of the last partition, and is of the first.
    const lift = (event: RecordedEvent): RecordedEvent => {
      if (event.id === newer.id) throw new UpcastError(event.type, 2, 1)
      return withHouse(event)
    }
    const old = { ...host, lift, projections: [byHouse] }
    for (const park of [false, true]) {
      const { outcomes } = await rebuild(old, { all: true, fromScratch: !park, park, tuning: small })
      expect(outcomes[0]).toMatchObject({ status: 'failed', error: { code: 'CAIRN_REBUILD_STOPPED', details: { eventId: newer.id } } })
      expect(outcomes[0]?.error?.message).toContain('schema version 2')
    }
    const stopped = (await host.store.generations('house-total')).find(({ state }) => state === 'building')
    const { outcomes } = await rebuild({ ...host, lift: withHouse, projections: [byHouse] }, { all: true, tuning: small })
    expect(outcomes[0]).toMatchObject({ status: 'rebuilt', generation: stopped?.generation })
    expect(await visibleRows(database.url, database.schema, byHouse)).toEqual(await foldedRows(lifting(host, withHouse), byHouse))
  })
})

const byHouse = defineProjection('house-total', {
  version: 1,
  events: [accountEvents],
  tables: table({ house: text(), amount: integer().default(0) }, { key: 'house', readAccess: { '*': allRows } }),
  partitionBy: (e) => houseOf(e),
  partitions: 4,
}).on({
  'account.booked': (e, { house_total }) => house_total.increment(houseOf(e), { amount: e.payload.amount }),
})

function withHouse(event: RecordedEvent): RecordedEvent {
  return { ...event, metadata: { ...event.metadata, house: `house-${event.aggregateId.length}` } }
}

function houseOf(event: RecordedEvent): string {
  const { house } = event.metadata
  if (typeof house !== 'string') throw new Error('The event was not lifted.')
  return house
}

function lifting({ reader }: PgProjectionHost, lift: (event: RecordedEvent) => RecordedEvent): PgProjectionHost['reader'] {
  return {
    logId: () => reader.logId(),
    head: () => reader.head(),
    positionAt: (time) => reader.positionAt(time),
    read: async (options) => {
      const page = await reader.read(options)
      return { ...page, events: page.events.map(lift) }
    },
  }
}
