import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createCairn, defineDomain, type Cairn, type CairnOptions } from '@cairn/cairn'
import { billing, invoiceCommands, orderCommands, orderFulfilmentWithin, shop } from '@cairn/example-shop'
import { temporal, TemporalUnavailableError } from '@cairn/infra/temporal'
import { provideTemporal } from '@cairn/testing/services'
import { Client, Connection } from '@temporalio/client'
import { afterAll, expect, test } from 'vitest'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase } from '../../support/test-database.ts'
import { onPostgres, patient } from '../cairn/support/places.ts'
import { settle } from './support/journal.ts'

const database = await testDatabase()
const folder = await mkdtemp(join(tmpdir(), 'cairn-temporal-app-'))
const server = await provideTemporal({ own: true, dbFile: join(folder, 'temporal.db') })
afterAll(async () => {
  await server.stop()
  await rm(folder, { recursive: true, force: true })
})

const lines = [{ sku: 'screw', quantity: 2, price: 500 }]
type ShopApp = Cairn<typeof shop | typeof billing>

function start(scheduler: CairnOptions['scheduler'], readyMs = 60_000): Promise<ShopApp> {
  const fulfilment = defineDomain('fulfilment', { aggregates: [], processManagers: [orderFulfilmentWithin({ milliseconds: readyMs })] })
  return createCairn({
    domains: [shop, billing, fulfilment],
    ...onPostgres(database),
    background: { pollMs: 50, leaseMs: 1_000 },
    scheduler,
  })
}
const onTemporal = (readyMs?: number, giveUpAfterMs = 90_000): Promise<ShopApp> =>
  start(temporal({ address: server.address, idleMs: 2_000, giveUpAfterMs, worker: { shutdownGraceMs: 1_000 } }), readyMs)

const create = (app: ShopApp, orderId: string) => app.dispatch(orderCommands.create({ orderId, customerId: 'c', lines }))

async function typesOf(app: ShopApp, orderId: string): Promise<readonly string[]> {
  const types = []
  for await (const event of app.events.read({ aggregateType: 'order', aggregateId: orderId })) types.push(event.type)
  return types
}
const orderIs = (app: ShopApp, orderId: string, ...types: readonly string[]): Promise<void> =>
  expect.poll(() => typesOf(app, orderId), { timeout: 60_000 }).toEqual(types.map((type) => `order.${type}`))

async function invoicesOf(app: ShopApp, orderId: string): Promise<readonly string[]> {
  const { events } = await app.events.readAll({ types: ['invoice.created'] })
  return events.flatMap(({ payload, aggregateId }) => ((payload as { orderId: string }).orderId === orderId ? [aggregateId] : []))
}
async function invoiceOf(app: ShopApp, orderId: string): Promise<string> {
  await expect.poll(() => invoicesOf(app, orderId), { timeout: 60_000 }).toHaveLength(1)
  return (await invoicesOf(app, orderId))[0] ?? ''
}
const statusOf = async (app: ShopApp, id: string) => (await app.commands.getById('t', id))?.status

test('process managers, timers, stored commands and rows of SQL go through Temporal', async () => {
  // What is to be ready in time must come to it, on a machine that does other things besides.
  await using app = await onTemporal(10_000)
  await create(app, 'late')
  await create(app, 'paid')
  await create(app, 'refused')
  const { commandId } = await app.dispatch(orderCommands.markReady({ orderId: 'paid' }), { async: true })
  const [row] = await queryOnce<{ id: string }>(
    database.url,
    `insert into ${database.schema}.commands (tenant_id, type, payload) values ('t', 'order.markReady', '{"orderId": "refused"}') returning id`,
  )
  expect(await app.waitForCommand(commandId, patient)).toMatchObject({ status: 'processed', result: { version: 2 } })
  expect(await app.waitForCommand(row?.id ?? '', patient)).toMatchObject({ status: 'processed', result: { version: 2 } })

  await app.dispatch(invoiceCommands.pay({ invoiceId: await invoiceOf(app, 'paid'), amount: 1_000, reference: 'r' }))
  await app.dispatch(invoiceCommands.failPayment({ invoiceId: await invoiceOf(app, 'refused'), reason: 'no funds' }), { async: true })
  await orderIs(app, 'paid', 'created', 'ready', 'shipped')
  await orderIs(app, 'refused', 'created', 'ready', 'cancelled')
  await orderIs(app, 'late', 'created', 'cancelled')
  expect(await invoicesOf(app, 'paid')).toHaveLength(1)
  expect(await app.health()).toMatchObject({ status: 'up', scheduler: { kind: 'temporal', reachable: true } })

  // Each of them left a workflow behind.
  const connection = await Connection.connect({ address: server.address })
  const client = new Client({ connection })
  for (const id of ['t_order-paid', 't_order-refused', 't_order-late', 't__order%2Dfulfilment-late']) {
    expect((await client.workflow.getHandle(id).describe()).workflowId).toBe(id)
  }
  await connection.close()
})

test('app.scheduler is the scheduler, and a refusal of the domain is an outcome', async () => {
  await using app = await onTemporal()
  await create(app, 'by-scheduler')
  const ready = settle(orderCommands.markReady({ orderId: 'by-scheduler' }), 't')
  expect(await app.scheduler.schedule(ready)).toMatchObject({ status: 'processed', result: { version: 2 } })
  expect(await app.scheduler.schedule(settle(orderCommands.markReady({ orderId: 'by-scheduler' }), 't'))).toMatchObject({
    status: 'failed',
    error: { code: 'CAIRN_BUSINESS_RULE' },
  })
})

test('while Temporal is away commands stay pending, callers are told in time, health says so; later all of it is carried out', async () => {
  await server.kill()
  await using app = await onTemporal(60_000, 1_500)
  await create(app, 'away')
  const { commandId } = await app.dispatch(orderCommands.markReady({ orderId: 'away' }), { async: true })
  const command = settle(orderCommands.create({ orderId: 'away-2', customerId: 'c', lines }), 't')
  const started = performance.now()
  await expect(app.scheduler.schedule(command)).rejects.toBeInstanceOf(TemporalUnavailableError)
  // The limit is 1.5 s, and 30 s where nobody sets one.
  expect(performance.now() - started).toBeLessThan(15_000)
  expect(await statusOf(app, commandId)).toBe('pending')
  expect(await statusOf(app, command.id)).toBe('pending')
  const health = await app.health()
  expect(health).toMatchObject({ status: 'degraded', scheduler: { kind: 'temporal', reachable: false } })
  expect(health.problems.join('\n')).toContain('the scheduler temporal cannot be reached')

  await server.restart()
  expect(await app.waitForCommand(commandId, { timeoutMs: 60_000 })).toMatchObject({ status: 'processed' })
  expect(await app.waitForCommand(command.id, { timeoutMs: 60_000 })).toMatchObject({ status: 'processed' })
  expect(await invoiceOf(app, 'away')).not.toBe('')
}, 240_000)

test('the scheduler is changed while instances wait, from one to the other and back: all go on, each effect once', async () => {
  const ids = Array.from({ length: 6 }, (_, i) => `switch-${i}`)
  const [a = '', b = '', c = '', d = '', e = '', f = ''] = ids
  await (async () => {
    await using app = await start('postgres', 30_000)
    for (const id of ids) await create(app, id)
    for (const id of [a, b]) await app.dispatch(orderCommands.markReady({ orderId: id }))
    for (const id of [a, b]) await invoiceOf(app, id)
  })()
  await (async () => {
    await using app = await onTemporal(30_000)
    for (const id of [c, d]) await app.dispatch(orderCommands.markReady({ orderId: id }), { async: true })
    for (const id of [c, d]) await invoiceOf(app, id)
    await app.dispatch(invoiceCommands.pay({ invoiceId: await invoiceOf(app, a), amount: 1_000, reference: 'r' }))
    await orderIs(app, a, 'created', 'ready', 'shipped')
  })()
  await using app = await start('postgres', 30_000)
  for (const id of [b, c]) await app.dispatch(invoiceCommands.pay({ invoiceId: await invoiceOf(app, id), amount: 1_000, reference: 'r' }))
  await app.dispatch(invoiceCommands.failPayment({ invoiceId: await invoiceOf(app, d), reason: 'no funds' }))
  for (const id of [b, c]) await orderIs(app, id, 'created', 'ready', 'shipped')
  await orderIs(app, d, 'created', 'ready', 'cancelled')
  // Their timers were set by the first.
  for (const id of [e, f]) await orderIs(app, id, 'created', 'cancelled')
  for (const id of [a, b, c, d]) expect(await invoicesOf(app, id)).toHaveLength(1)
  await expect
    .poll(() => app.processes.list({ status: 'running' }).then((list) => list.filter(({ instanceId }) => ids.includes(instanceId))))
    .toEqual([])
}, 240_000)

test('rows that a workflow of the user’s own carries out are handed to it, and get its end; others of their aggregate go on', async () => {
  const workflowsPath = fileURLToPath(new URL('support/workflows.ts', import.meta.url))
  const own = { workflows: { 'order.approve': 'approval' }, worker: { workflowsPath, shutdownGraceMs: 1_000 } }
  const taskQueues = { kind: 'shared', name: 'approvals' } as const
  await using app = await start(temporal({ address: server.address, idleMs: 2_000, taskQueues, ...own }))
  await create(app, 'approved')
  const [row] = await queryOnce<{ id: string }>(
    database.url,
    `insert into ${database.schema}.commands (tenant_id, type, payload) values ('t', 'order.approve', '{"orderId": "approved"}') returning id`,
  )
  const id = row?.id ?? ''
  await expect.poll(() => statusOf(app, id)).toBe('consumed')
  const { commandId } = await app.dispatch(orderCommands.markReady({ orderId: 'approved' }), { async: true })
  expect(await app.waitForCommand(commandId, patient)).toMatchObject({ status: 'processed' })
  expect(await statusOf(app, id)).toBe('consumed')
  const connection = await Connection.connect({ address: server.address })
  await new Client({ connection }).workflow.getHandle(`t-${id}`).signal('approve', 'Ada')
  await connection.close()
  expect(await app.waitForCommand(id, { timeoutMs: 60_000 })).toMatchObject({ status: 'processed', result: { by: 'Ada', command: id } })
})

test('a process manager that is stored for the first time sends nothing for what happened before', async () => {
  const other = await testDatabase()
  const common = { ...onPostgres(other), background: { pollMs: 50 } }
  await (async () => {
    await using app = await createCairn({ domains: [shop, billing], ...common })
    await create(app, 'old')
  })()
  const fulfilment = defineDomain('fulfilment', { aggregates: [], processManagers: [orderFulfilmentWithin({ minutes: 15 })] })
  const taskQueues = { kind: 'shared', name: 'first-time' } as const
  const scheduler = temporal({ address: server.address, idleMs: 2_000, taskQueues, worker: { shutdownGraceMs: 1_000 } })
  await using app = await createCairn({ domains: [shop, billing, fulfilment], ...common, scheduler })
  await create(app, 'new')
  const instances = async () => (await app.processes.list()).map(({ instanceId }) => instanceId)
  await expect.poll(instances).not.toEqual([])
  expect(await instances()).toEqual(['new'])
})
