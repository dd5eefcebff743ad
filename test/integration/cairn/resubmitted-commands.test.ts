import { createCairn, uuidv7 } from '@cairn/cairn'
import { hashCommand, type Command, type Dispatched, type NewCommand } from '@cairn/core'
import { billing, orderCommands, shop } from '@cairn/example-shop'
import { openPg, PgCommandBatches, PgEventStore } from '@cairn/infra/pg'
import { expect, test } from 'vitest'
import { testDatabase } from '../../support/test-database.ts'
import { inMemory, onPostgres, patient, type Place } from './support/places.ts'

const database = await testDatabase()
const lines = [{ sku: 'screw', quantity: 2, price: 500 }]
const order = (orderId: string, id = uuidv7()) => ({ ...orderCommands.create({ orderId, customerId: 'c', lines }), id })
const later = () => new Date(Date.now() + 3_600_000)

const places: readonly (readonly [string, Place])[] = [
  ['in memory', inMemory],
  ['on PostgreSQL', onPostgres(database)],
]

function settled({ id, type, aggregateType, aggregateId, payload }: NewCommand): Command {
  const metadata = { correlationId: id, causationId: id, schemaVersion: 1 }
  return { id, tenantId: 't', type, aggregateType, aggregateId, payload, metadata }
}

function resultOf({ aggregateId, version, position, events }: Dispatched) {
  return { aggregateId, version, position, eventIds: events.map(({ id }) => id) }
}

test.each(places)('a command that ran and is then put aside has its result at once, %s', async (_, place) => {
  // Nobody carries stored commands out here.
  await using app = await createCairn({ domains: [shop, billing], ...place, background: false })
  const orderId = uuidv7()
  const create = order(orderId)
  const done = await app.dispatch(create)
  await app.dispatch(orderCommands.markReady({ orderId }))
  const { commandId } = await app.dispatch(create, { async: true, dueAt: later() })
  expect(await app.waitForCommand(commandId, patient)).toMatchObject({
    status: 'processed',
    attempts: 0,
    result: resultOf(done),
    dueAt: undefined,
  })
})

test.each(places)('a command that is scheduled has the same result where it ran before and where it did not, %s', async (_, place) => {
  await using app = await createCairn({ domains: [shop, billing], ...place, background: { pollMs: 20 } })
  const orderId = uuidv7()
  const ran = order(orderId)
  const done = await app.dispatch(ran)
  expect(await app.scheduler.schedule(settled(ran))).toMatchObject({ status: 'processed', result: resultOf(done) })
  const fresh = order(uuidv7())
  const { result } = await app.scheduler.schedule(settled(fresh))
  expect(result).toEqual(resultOf(await app.dispatch(fresh)))
})

test.each(places)('an id stands for one content, whether its command runs or is put aside, %s', async (_, place) => {
  await using app = await createCairn({ domains: [shop, billing], ...place, background: false })
  const reused = { code: 'CAIRN_COMMAND_ID_REUSED' }
  const aside = order(uuidv7())
  await app.dispatch(aside, { async: true, dueAt: later() })
  await expect(app.dispatch(order(uuidv7(), aside.id))).rejects.toMatchObject(reused)
  const run = order(uuidv7())
  await app.dispatch(run)
  await expect(app.dispatch(order(uuidv7(), run.id), { async: true })).rejects.toMatchObject(reused)
  expect((await app.dispatch(aside)).duplicate).toBe(false)
})

test('commands that ran have their results when they are stored in a batch', async () => {
  const { url, schema } = database
  const db = await openPg({ url, schema, roles: 'switch' })
  const events = new PgEventStore(db)
  const tenantId = `t-${uuidv7()}`
  const metadata = { correlationId: uuidv7(), causationId: uuidv7(), schemaVersion: 1 }
  const commands = ['a', 'b', 'c'].map((aggregateId): Command => {
    return { id: uuidv7(), tenantId, type: 'order.note', aggregateType: 'order', aggregateId, payload: {}, metadata }
  })
  const ran = commands.slice(0, 2)
  const results = []
  for (const command of ran) {
    const { aggregateType, aggregateId } = command
    const noted = { id: uuidv7(), type: 'order.noted', payload: {}, metadata }
    const receipt = { id: command.id, hash: hashCommand(command) }
    const stream = { tenantId, aggregateType, aggregateId }
    const { version, position } = await events.append({ stream, expected: 0, events: [noted], command: receipt })
    results.push({ status: 'processed', result: { aggregateId, version, position, eventIds: [noted.id] } })
  }
  expect(await new PgCommandBatches(db).upsert(commands)).toMatchObject([...results, { status: 'pending', result: undefined }])
  await events.drained()
  await db.close()
})
