import { createCairn, defineDomain, type Cairn, type CairnOptions } from '@cairn/cairn'
import { billing, Invoice, invoiceCommands, orderCommands, orderFulfilmentWithin, shop } from '@cairn/example-shop'
import { loanCommands, loans, payments } from '@cairn/example-lending'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase } from '../../support/test-database.ts'
import { inMemory, onPostgres, patient, type Place } from './support/places.ts'

const database = await testDatabase()
const lending = await testDatabase()
const lines = [{ sku: 'screw', quantity: 2, price: 500 }]

type ShopApp = Cairn<typeof shop | typeof billing>
const start = (place: Place, milliseconds = 60_000, background: CairnOptions['background'] = {}): Promise<ShopApp> => {
  const fulfilment = defineDomain('fulfilment', { aggregates: [], processManagers: [orderFulfilmentWithin({ milliseconds })] })
  const settings = typeof background === 'boolean' ? background : { pollMs: 50, leaseMs: 1_000, ...background }
  return createCairn({ domains: [shop, billing, fulfilment], ...place, background: settings })
}

const create = (app: ShopApp, orderId: string) => app.dispatch(orderCommands.create({ orderId, customerId: 'c', lines }))

async function typesOf(app: ShopApp, aggregateType: 'order' | 'invoice', aggregateId: string): Promise<readonly string[]> {
  const types = []
  for await (const event of app.events.read({ aggregateType, aggregateId })) types.push(event.type)
  return types
}

/** The invoices of an order, in the order of their creation. */
async function invoicesOf(app: ShopApp, orderId: string): Promise<readonly string[]> {
  const { events } = await app.events.readAll({ types: ['invoice.created'] })
  return events.flatMap(({ payload, aggregateId }) => ((payload as { orderId: string }).orderId === orderId ? [aggregateId] : []))
}

async function invoiceOf(app: ShopApp, orderId: string): Promise<string> {
  await expect.poll(() => invoicesOf(app, orderId)).toHaveLength(1)
  return (await invoicesOf(app, orderId))[0] ?? ''
}

const orderIs = (app: ShopApp, orderId: string, ...types: readonly string[]): Promise<void> =>
  expect.poll(() => typesOf(app, 'order', orderId)).toEqual(types.map((type) => `order.${type}`))

const stuck = async (app: ShopApp, orderId: string) =>
  (await app.processes.list({ processManager: 'order-fulfilment' })).find(({ instanceId }) => instanceId === orderId)

describe.each([
  ['in memory', 'm', inMemory],
  ['on PostgreSQL', 'p', onPostgres(database)],
])('processes %s', (_, prefix, place) => {
  const id = (name: string): string => `${prefix}-${name}`

  test('an order that is ready is billed once, and shipped when it is paid', async () => {
    await using app = await start(place)
    const orderId = id('paid')
    await create(app, orderId)
    await expect
      .poll(() => stuck(app, orderId))
      .toMatchObject({ waitingFor: 'the order to become ready', timers: [{ name: 'order.autoCancel' }] })
    await app.dispatch(orderCommands.markReady({ orderId }))
    const invoiceId = await invoiceOf(app, orderId)
    await expect.poll(() => stuck(app, orderId)).toMatchObject({ waitingFor: 'the payment of its invoice', timers: [] })
    const waiting = await stuck(app, orderId)
    expect(waiting?.waitingSince).toEqual(waiting?.updatedAt)
    await app.dispatch(invoiceCommands.pay({ invoiceId, amount: 1_000, reference: 'r' }))
    await orderIs(app, orderId, 'created', 'ready', 'shipped')
    await expect.poll(() => stuck(app, orderId)).toMatchObject({ status: 'done', waitingFor: undefined, waitingSince: undefined })
    expect(await invoicesOf(app, orderId)).toEqual([invoiceId])
  })

  test('an order that is not ready in time is cancelled, and nothing is left waiting', async () => {
    await using app = await start(place, 200)
    const orderId = id('late')
    await create(app, orderId)
    await orderIs(app, orderId, 'created', 'cancelled')
    await expect.poll(() => stuck(app, orderId)).toMatchObject({ status: 'done', timers: [] })
    expect(await invoicesOf(app, orderId)).toEqual([])
  })

  test('when the payment fails, the invoice and the order are taken back', async () => {
    await using app = await start(place)
    const orderId = id('broke')
    await create(app, orderId)
    await app.dispatch(orderCommands.markReady({ orderId }))
    const invoiceId = await invoiceOf(app, orderId)
    await app.dispatch(invoiceCommands.failPayment({ invoiceId, reason: 'no funds' }))
    await orderIs(app, orderId, 'created', 'ready', 'cancelled')
    await expect.poll(() => typesOf(app, 'invoice', invoiceId)).toEqual(['invoice.created', 'invoice.paymentFailed', 'invoice.voided'])
    // What is stuck is what runs and has been quiet: this one has ended.
    await expect.poll(() => stuck(app, orderId)).toMatchObject({ status: 'done' })
    const running = await app.processes.list({ status: 'running', quietSince: new Date(Date.now() + 60_000) })
    expect(running.map(({ instanceId }) => instanceId)).not.toContain(orderId)
  })

  test('what a command that was put aside led to can be read, and so can why it was refused', async () => {
    await using app = await start(place)
    const orderId = id('async')
    const pending = await app.dispatch(orderCommands.create({ orderId, customerId: 'c', lines }), { async: true })
    expectTypeOf(pending.status).toEqualTypeOf<'pending'>()
    expect(pending).toMatchObject({ status: 'pending', aggregateId: orderId })
    expect(await app.waitForCommand(pending.commandId, patient)).toMatchObject({ status: 'processed', attempts: 1, result: { version: 1 } })
    const { commandId } = await app.dispatch(orderCommands.ship({ orderId }), { async: true })
    expect(await app.waitForCommand(commandId, { tenantId: 't', ...patient })).toMatchObject({
      status: 'failed',
      error: { code: 'CAIRN_BUSINESS_RULE' },
    })
    await expect(app.dispatch({ ...orderCommands.ship({ orderId }), type: 'order.shop' }, { async: true })).rejects.toMatchObject({
      code: 'CAIRN_UNKNOWN_TYPE',
    })
  })

  test('a command put aside in a transaction is carried out when that commits, at its time, and never when it does not', async () => {
    await using app = await start(place)
    const orderId = id('tx')
    const refused: string[] = []
    const failed = app.transaction({}, async (tx) => {
      refused.push((await tx.dispatch(orderCommands.create({ orderId, customerId: 'c', lines }), { async: true })).commandId)
      throw new Error('no')
    })
    await expect(failed).rejects.toThrow('no')
    const began = performance.now()
    const { commandId } = await app.transaction({}, async (tx) => {
      await tx.dispatch(orderCommands.create({ orderId, customerId: 'c', lines }))
      return tx.dispatch(orderCommands.markReady({ orderId }), { async: true, dueAt: new Date(Date.now() + 2_500) })
    })
    expect(await typesOf(app, 'order', orderId)).toEqual(['order.created'])
    expect(await app.waitForCommand(commandId, patient)).toMatchObject({ status: 'processed' })
    expect(performance.now() - began).toBeGreaterThan(2_400)
    expect(await app.commands.getById('t', refused[0] ?? '')).toBeUndefined()
  })

  test('who waits too long for a command learns how it stands, and a stop ends the wait', async () => {
    const app = await start(place)
    const later = { async: true, dueAt: new Date(Date.now() + 3_600_000) } as const
    const { commandId } = await app.dispatch(orderCommands.create({ orderId: id('never'), customerId: 'c', lines }), later)
    await expect(app.waitForCommand(commandId, { timeoutMs: 50 })).rejects.toMatchObject({
      code: 'CAIRN_COMMAND_WAIT_TIMEOUT',
      details: expect.objectContaining({ status: 'pending' }),
    })
    const waiting = app.waitForCommand(commandId, { timeoutMs: 60_000 })
    await Promise.all([expect(waiting).rejects.toMatchObject({ code: 'CAIRN_STOPPED' }), app.stop()])
  })

  test('a name that a process manager reads by is not free for subscriptions', async () => {
    await using app = await start(place)
    await expect(app.subscribe('pm-order-fulfilment', { types: '*', from: 'end' }, () => undefined)).rejects.toThrow(/order-fulfilment/)
    expect(await app.subscriptions.status('pm-order-fulfilment')).toMatchObject({ kind: 'process-manager' })
  })

  test('a funded loan gets its schedule', async () => {
    await using app = await createCairn({
      domains: [loans, payments],
      naming: 'Domain.Action',
      ...place,
      ...(place.schema === undefined ? {} : onPostgres(lending)),
      background: { pollMs: 50, leaseMs: 1_000 },
    })
    const loanId = id('loan')
    await fund(app, loanId)
    await expect
      .poll(async () => (await app.processes.list({ tenantId: 't' })).map((instance) => [instance.instanceId, instance.timers.length]))
      .toEqual([[loanId, 12]])
  })
})

async function fund(app: Cairn<typeof loans | typeof payments>, loanId: string): Promise<void> {
  await app.dispatch(loanCommands.Create({ loanId, borrowerId: 'b', principal: 120_000, rate: 500, months: 12 }))
  await app.dispatch(loanCommands.Fund({ loanId, fundedOn: '2026-01-01' }))
}

describe('processes on PostgreSQL', () => {
  const place = onPostgres(database)
  const { url, schema } = database
  const timersOf = (orderId: string) =>
    queryOnce<{ status: string; attempts: number }>(
      url,
      `select status, attempts from ${schema}.commands where type = 'order.autoCancel' and aggregate_id = $1`,
      [orderId],
    )

  test('a row inserted by SQL alone is carried out, and its events move processes on', async () => {
    await using app = await start(place)
    const payload = { orderId: 'sql-1', customerId: 'c', lines }
    const [row] = await queryOnce<{ id: string }>(
      url,
      `insert into ${schema}.commands (tenant_id, type, payload) values ('t', 'order.create', $1) returning id`,
      [JSON.stringify(payload)],
    )
    expect(await app.waitForCommand(row?.id ?? '', patient)).toMatchObject({ status: 'processed', result: { aggregateId: 'sql-1' } })
    await expect.poll(() => stuck(app, 'sql-1')).toMatchObject({ waitingFor: 'the order to become ready' })
  })

  test('a timer that is due while nothing runs fires once after the start', async () => {
    const orderId = 'restart-1'
    const before = await start(place)
    await create(before, orderId)
    await expect.poll(() => timersOf(orderId)).toEqual([{ status: 'pending', attempts: 0 }])
    await before.stop()
    // Its time comes while nothing runs, however long the stop took.
    await queryOnce(url, `update ${schema}.commands set due_at = now() where aggregate_id = $1 and type = 'order.autoCancel'`, [orderId])
    expect(await timersOf(orderId)).toEqual([{ status: 'pending', attempts: 0 }])
    const after = [await start(place), await start(place)] as const
    await orderIs(after[0], orderId, 'created', 'cancelled')
    await expect.poll(() => timersOf(orderId)).toEqual([{ status: 'processed', attempts: 1 }])
    for (const app of after) await app.stop()
  })

  test('a process without background work puts aside what others carry out', async () => {
    await using web = await start(place, 60_000, false)
    const { commandId } = await web.dispatch(orderCommands.create({ orderId: 'web-1', customerId: 'c', lines }), { async: true })
    await expect(web.waitForCommand(commandId, { timeoutMs: 300 })).rejects.toMatchObject({ code: 'CAIRN_COMMAND_WAIT_TIMEOUT' })
    await using idle = await start(place, 60_000, { commands: false })
    await expect(idle.waitForCommand(commandId, { timeoutMs: 300 })).rejects.toMatchObject({ code: 'CAIRN_COMMAND_WAIT_TIMEOUT' })
    await using worker = await start(place)
    expect(await web.waitForCommand(commandId, patient)).toMatchObject({ status: 'processed' })
    expect(await typesOf(worker, 'order', 'web-1')).toEqual(['order.created'])
  })

  test('a login that may not carry commands out still runs the rest', async () => {
    const { workerUrl: _, ownerUrl: __, ...app } = place
    await using plain = await createCairn({
      domains: [defineDomain('plain', { aggregates: [Invoice] })],
      ...app,
      migrate: false,
      roles: 'login',
    })
    expect((await plain.dispatch(invoiceCommands.create({ invoiceId: 'plain-1', orderId: 'o', amount: 5 }))).version).toBe(1)
  })
})
