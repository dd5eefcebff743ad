import { randomUUID } from 'node:crypto'
import type { Generation } from '@cairn/core'
import { PgEventStore, PooledRowStore } from '@cairn/infra/pg'
import { expect, test } from 'vitest'
import { column, planOf, tableModel } from './support/models.ts'
import { projections } from './support/projections.ts'

const on = await projections()
const { database, db, store, moveTo, ask } = on
const { schema } = database
const rows = new PooledRowStore(db)
const events = new PgEventStore(db)

let made = 0

/** Appends one event of a tenant; answers its position. */
async function recorded(tenantId: string): Promise<number> {
  const stream = { tenantId, aggregateType: 'note', aggregateId: randomUUID() }
  const metadata = { correlationId: 'c', causationId: 'c', schemaVersion: 1 }
  return (await events.append({ stream, expected: 0, events: [{ id: randomUUID(), type: 'note.made', payload: {}, metadata }] })).position
}

async function fill(generation: Generation, tenantId: string, counts: Readonly<Record<string, number>>, position: number): Promise<void> {
  const [table] = generation.tables
  if (table === undefined) throw new TypeError('no table')
  const upserts = Object.entries(counts).map(([id, count]) => ({ tenantId, key: [id], values: { id, count }, position, partition: 0 }))
  await rows.write(table, { upserts, deletes: [] })
}

/** A live generation and a side build of alpha's, both up to now. */
async function given(inline = false) {
  const name = `notes_${++made}`
  const plan = planOf(`notes-${made}`, [tableModel(name, [column('id', 'text'), column('count', 'integer')])], {
    inline,
    types: ['note.made'],
  })
  const at = await recorded('alpha')
  const live = await store.create(plan)
  await fill(live, 'alpha', { a: 1 }, at)
  await fill(live, 'bravo', { b: 1 }, at)
  await moveTo(live, at)
  await store.switchTo(live)
  const side = await store.create({ ...plan, tenantId: 'alpha' })
  await fill(side, 'alpha', { a: 2 }, at)
  await moveTo(side, at)
  const visible = async (): Promise<unknown> =>
    (await ask(`select id, count from ${schema}.${name} order by id`)).map((row) => [row['id'], row['count']])
  return { live, side, at, visible }
}

test('events of the tenant that only one of the two has read refuse the replacement', async () => {
  const { live, side, visible } = await given()
  await moveTo(live, await recorded('alpha'))
  await expect(store.replaceTenant(live, side, 'alpha')).rejects.toMatchObject({ code: 'CAIRN_NOT_CAUGHT_UP', retryable: true })
  expect(await visible()).toEqual([
    ['a', 1],
    ['b', 1],
  ])
  await moveTo(side, await recorded('alpha'))
  await expect(store.replaceTenant(live, side, 'alpha')).rejects.toMatchObject({ code: 'CAIRN_NOT_CAUGHT_UP' })
})

test('events of others do not', async () => {
  const { live, side, visible } = await given()
  await recorded('bravo')
  await moveTo(live, await recorded('bravo'))
  expect(await store.replaceTenant(live, side, 'alpha')).toEqual({ rows: 1 })
  expect(await visible()).toEqual([
    ['a', 2],
    ['b', 1],
  ])
})

test('whoever feeds the live tables loses the lease, and with it the rows in memory', async () => {
  const { live, side } = await given()
  const fences = (): Promise<unknown> =>
    ask(`select fence::int from ${schema}.subscription_partitions where name = $1 and generation = $2`, [live.projection, live.generation])
  expect(await fences()).toEqual([{ fence: 0 }])
  await store.replaceTenant(live, side, 'alpha')
  expect(await fences()).toEqual([{ fence: 1 }])
})

test('what is parked of the tenant is in its new rows: it leaves the list, and those of others who waited behind it are tried again', async () => {
  const { live, side, at } = await given()
  const park = (generation: Generation, tenantId: string, back: number, status: string): Promise<unknown> =>
    ask(
      `insert into ${schema}.parked_events (name, generation, partition, position, parking_key, event_id, tenant_id, type, status)
       values ($1, $2, 0, $3, $4, gen_random_uuid(), $5, 'note.made', $6)`,
      [generation.projection, generation.generation, at - back, back > 2 ? 'one' : 'other', tenantId, status],
    )
  const { live: another } = await given()
  await park(another, 'alpha', 0, 'parked')
  await park(live, 'alpha', 4, 'parked')
  await park(live, 'bravo', 3, 'waiting')
  await park(live, 'bravo', 2, 'parked')
  await park(live, 'bravo', 1, 'waiting')
  await store.replaceTenant(live, side, 'alpha')
  const left = await ask(
    `select name, ($2 - position)::int as back, status, request from ${schema}.parked_events where name = any ($1) order by name = $3, position`,
    [[live.projection, another.projection], at, another.projection],
  )
  expect(left).toEqual([
    { name: live.projection, back: 3, status: 'waiting', request: 'retry' },
    { name: live.projection, back: 2, status: 'parked', request: null },
    { name: live.projection, back: 1, status: 'waiting', request: null },
    { name: another.projection, back: 0, status: 'parked', request: null },
  ])
})

test('readers see the tenant’s rows of before or of after, never none', async () => {
  const { live, side, visible } = await given()
  const reading = { on: true }
  const seen = new Set<string>()
  const read = async (): Promise<void> => {
    while (reading.on) seen.add(JSON.stringify(await visible()))
  }
  const readers = [read(), read()]
  for (let i = 0; i < 10; i++) await store.replaceTenant(live, side, 'alpha')
  reading.on = false
  await Promise.all(readers)
  for (const state of seen) expect(['[["a",1],["b",1]]', '[["a",2],["b",1]]']).toContain(state)
})

test('rows of an inline projection are compared with every event of the tenant that is stored', async () => {
  const { live, side, visible } = await given(true)
  expect(await store.replaceTenant(live, side, 'alpha')).toEqual({ rows: 1 })
  const newer = await recorded('alpha')
  await expect(store.replaceTenant(live, side, 'alpha')).rejects.toMatchObject({ code: 'CAIRN_NOT_CAUGHT_UP' })
  await moveTo(side, newer)
  await store.replaceTenant(live, side, 'alpha')
  expect(await visible()).toEqual([
    ['a', 2],
    ['b', 1],
  ])
})

test('an inline generation is switched to when it has every event of its types, and nobody feeds it from then on', async () => {
  const { live } = await given(true)
  const plan = planOf(
    live.projection,
    live.tables.map(({ model }) => model),
    { inline: true, types: ['note.made'], version: 2 },
  )
  const next = await store.create(plan)
  await moveTo(next, (await recorded('alpha')) - 1)
  await expect(store.switchTo(next)).rejects.toMatchObject({ code: 'CAIRN_NOT_CAUGHT_UP', details: { behind: 1 } })
  await moveTo(next, await recorded('alpha'))
  await store.switchTo(next)
  expect((await store.generations(live.projection)).map(({ state, tenantId }) => [state, tenantId])).toEqual([
    ['retired', undefined],
    ['building', 'alpha'],
    ['live', undefined],
  ])
  const states = await ask(`select state, fence::int from ${schema}.subscription_partitions where name = $1 and generation = $2`, [
    live.projection,
    next.generation,
  ])
  expect(states).toEqual([{ state: 'retired', fence: 1 }])
  await expect(store.rollback(live.projection)).rejects.toMatchObject({ code: 'CAIRN_NOTHING_TO_ROLL_BACK' })
})

test('an inline projection over events that are there already has to be built first', async () => {
  await recorded('alpha')
  const model = tableModel('late_inline', [column('id', 'text')])
  expect(await store.ensure(planOf('late-inline', [model], { inline: true, types: ['note.made'] }))).toMatchObject({ state: 'building' })
  const other = tableModel('early_inline', [column('id', 'text')])
  expect(await store.ensure(planOf('early-inline', [other], { inline: true, types: ['nothing.yet'] }))).toMatchObject({ state: 'live' })
})

test('a paused generation is emptied, and begins anew', async () => {
  const { live, visible } = await given()
  await ask(`select * from ${schema}.subscription_control($1, $2, 'paused')`, [live.projection, live.generation])
  await store.clear(live)
  expect(await visible()).toEqual([])
  const [partition] = await ask(
    `select checkpoint::int, fence::int from ${schema}.subscription_partitions where name = $1 and generation = $2`,
    [live.projection, live.generation],
  )
  expect(partition).toEqual({ checkpoint: 0, fence: 1 })
})
