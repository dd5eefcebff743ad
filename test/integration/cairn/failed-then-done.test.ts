import { createCairn } from '@cairn/cairn'
import { orderCommands, shop } from '@cairn/example-shop'
import { expect, test } from 'vitest'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase } from '../../support/test-database.ts'
import { inMemory, onPostgres, patient } from './support/places.ts'

const database = await testDatabase()
const { url, schema } = database
const lines = [{ sku: 'screw', quantity: 1, price: 5 }]
// A lone append and those of a batch are functions of their own in PostgreSQL.
const orders = ['alone', 'a', 'b', 'c', 'd', 'e', 'f']

test.each([
  ['in memory', inMemory],
  ['on PostgreSQL', onPostgres(database)],
])('a command that ended as failed and is dispatched again with success is processed, %s', async (_, place) => {
  await using app = await createCairn({ domains: [shop], ...place, background: { pollMs: 20 } })
  const commands = orders.map((orderId) => orderCommands.markReady({ orderId }))
  for (const command of commands) await app.dispatch(command, { async: true })
  for (const { id } of commands) expect(await app.waitForCommand(id, patient)).toMatchObject({ status: 'failed', attempts: 1 })

  for (const orderId of orders) await app.dispatch(orderCommands.create({ orderId, customerId: 'c', lines }))
  const [alone, ...batch] = commands
  if (alone === undefined) throw new Error('There is no command.')
  await app.dispatch(alone)
  await Promise.all(batch.map((command) => app.dispatch(command)))
  for (const { id, aggregateId } of commands) {
    const stored = await app.waitForCommand(id)
    expect(stored).toMatchObject({ status: 'processed', error: undefined, result: undefined, attempts: 1, command: { aggregateId } })
    expect(stored.updatedAt.getTime()).toBeGreaterThan(stored.createdAt.getTime())
  }
  expect(await app.commands.query({ tenantId: 't', status: 'failed' })).toEqual([])
})

test('and its row is removed with the receipts', async () => {
  const left = `select from ${schema}.commands where status <> 'processed' or version is null`
  expect(await queryOnce(url, left)).toHaveLength(0)
  await queryOnce(url, `select ${schema}.remove_receipts(now() + interval '1 hour', 1000)`)
  expect(await queryOnce(url, `select from ${schema}.commands`)).toHaveLength(0)
})
