import { createCairn, defineDomain, type Cairn, type CairnOptions } from '@cairn/cairn'
import { billing, orderCommands, orderFulfilmentWithin, shop } from '@cairn/example-shop'
import { pgBoss } from '@cairn/infra/jobs'
import { expect, test } from 'vitest'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase } from '../../support/test-database.ts'
import { settle } from '../temporal/support/journal.ts'
import { onPostgres, patient } from '../cairn/support/places.ts'

// An app whose stored commands, timers and process managers go through pg-boss.

const database = await testDatabase()
const lines = [{ sku: 'screw', quantity: 2, price: 500 }]
// Time enough for what is to be ready in time, on a machine that does other things besides.
const fulfilment = defineDomain('fulfilment', { aggregates: [], processManagers: [orderFulfilmentWithin({ milliseconds: 8_000 })] })
type ShopApp = Cairn<typeof shop | typeof billing>

const start = (options: Pick<CairnOptions, 'background'> = {}): Promise<ShopApp> =>
  createCairn({
    domains: [shop, billing, fulfilment],
    ...onPostgres(database),
    background: { pollMs: 50 },
    scheduler: pgBoss(),
    ...options,
  })

const typesOf = async (id: string): Promise<unknown> =>
  (
    await queryOnce<{ type: string }>(
      database.url,
      `select type from ${database.schema}.events where aggregate_id = '${id}' order by version`,
    )
  ).map(({ type }) => type)

const invoicesOf = (orderId: string): Promise<{ id: string }[]> =>
  queryOnce(
    database.url,
    `select aggregate_id as id from ${database.schema}.events where type = 'invoice.created' and payload ->> 'orderId' = '${orderId}'`,
  )

test('orders come to their ends, with timers, rows of SQL and commands for later, each once', async () => {
  await using app = await start()
  expect(app.scheduler.constructor.name).toBe('PgBossScheduler')
  for (const orderId of ['paid', 'late']) await app.dispatch(orderCommands.create({ orderId, customerId: 'c', lines }))

  const { commandId } = await app.dispatch(orderCommands.markReady({ orderId: 'paid' }), { async: true })
  expect(await app.waitForCommand(commandId, patient)).toMatchObject({ status: 'processed' })
  await expect.poll(() => invoicesOf('paid')).toHaveLength(1)
  const [invoice] = await invoicesOf('paid')
  await queryOnce(
    database.url,
    `insert into ${database.schema}.commands (tenant_id, type, payload)
     values ('t', 'invoice.pay', '{"invoiceId": "${invoice?.id}", "amount": 1000, "reference": "bank"}')`,
  )
  await expect.poll(() => typesOf('paid')).toEqual(['order.created', 'order.ready', 'order.shipped'])
  // Its timer, with nobody who does anything.
  await expect.poll(() => typesOf('late')).toEqual(['order.created', 'order.cancelled'])
  expect(await invoicesOf('paid')).toHaveLength(1)
  expect(await invoicesOf('late')).toEqual([])
})

test('a process that leaves the work to others schedules, and is answered when another one is there', async () => {
  await using sender = await start({ background: false })
  const command = settle(orderCommands.create({ orderId: 'sent', customerId: 'c', lines }), 't')
  const answer = sender.scheduler.schedule(command)
  const early = await Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 700, 'nobody yet'))])
  expect(early).toBe('nobody yet')
  await using worker = await start()
  expect(worker.scheduler).not.toBe(sender.scheduler)
  expect(await answer).toMatchObject({ status: 'processed' })
  expect(await typesOf('sent')).toEqual(['order.created'])
})
