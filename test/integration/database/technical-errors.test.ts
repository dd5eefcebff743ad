import { createCairn } from '@cairn/cairn'
import type { Command } from '@cairn/core'
import { orderCommands, shop } from '@cairn/example-shop'
import { openPg, PgEventStore, sql, withTenant } from '@cairn/infra/pg'
import { StatementTimeoutError } from 'slonik'
import { afterAll, expect, test } from 'vitest'
import { eventually } from '../../support/processes.ts'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase } from '../../support/test-database.ts'
import { onPostgres } from '../cairn/support/places.ts'
import { AppSession } from '../tenancy/support/app-session.ts'
import { markedEvent } from '../tenancy/support/two-tenants.ts'

const database = await testDatabase()
const { url, appUrl, workerUrl, schema, contextKey } = database
const db = await openPg({ url: appUrl, workerUrl, schema, contextKey })
const store = new PgEventStore(db)
const streamOf = (aggregateId: string) => ({ tenantId: 'alpha', aggregateType: 'thing', aggregateId })
const append = (id: string) => store.append({ stream: streamOf(id), expected: 'any', events: [markedEvent('x')] })
const outage = (state: string) => ({ code: 'CAIRN_DATABASE_UNAVAILABLE', retryable: true, message: expect.stringContaining(state) })
const stopped = (sqlState: string) => ({ code: 'CAIRN_STATEMENT_STOPPED', retryable: true, details: { sqlState } })

/** A command to be put aside. */
function aside(): Command {
  const { id, type, aggregateType, aggregateId, payload } = orderCommands.markReady({ orderId: 'o-aside' })
  const metadata = { correlationId: id, causationId: id, schemaVersion: 1 }
  return { id, tenantId: 'alpha', type, aggregateType, aggregateId, payload, metadata }
}

afterAll(() => db.close())

/** From now on no event can be stored, for a reason that has nothing to do with it. Returns the way back. */
async function refuseEvents(state: string): Promise<() => Promise<unknown>> {
  await queryOnce(url, `create sequence if not exists public.refused`)
  await queryOnce(
    url,
    `create or replace function public.refuse() returns trigger language plpgsql security definer as
       $$begin perform nextval('public.refused'); raise exception using errcode = '${state}', message = 'No room.'; end$$`,
  )
  await queryOnce(url, `create trigger refuse before insert on ${schema}.events execute function public.refuse()`)
  return () => queryOnce(url, `drop trigger refuse on ${schema}.events`)
}

const timesRefused = async (): Promise<number> => {
  const [row] = await queryOnce<{ times: number }>(
    url,
    `select case when is_called then last_value else 0 end::int as times from public.refused`,
  )
  return row?.times ?? 0
}

/** Cancels what waits for a lock, as an administrator would. */
const cancelWaiting = () =>
  eventually(async () => {
    const rows = await queryOnce(
      url,
      `select pg_cancel_backend(pid) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    )
    return rows.length > 0
  })

test.each(['53100', '53200', '58030'])(
  'an append that the server has no means for (%s) is told as an outage, and may be sent again',
  async (state) => {
    const mend = await refuseEvents(state)
    try {
      await expect(append(state)).rejects.toMatchObject(outage(state))
      const together = await Promise.allSettled([append(`${state} a`), append(`${state} b`), append(`${state} c`)])
      expect(together).toEqual(together.map(() => ({ status: 'rejected', reason: expect.objectContaining(outage(state)) })))
      const transaction = store.transaction('alpha', async (tx) =>
        tx.append({ stream: streamOf(state), expected: 'any', events: [markedEvent('x')] }),
      )
      await expect(transaction).rejects.toMatchObject(outage(state))
    } finally {
      await mend()
    }
    expect(await append(state)).toMatchObject({ version: 1 })
  },
)

test('an append that meets a limit of its login (53400) is told as stopped', async () => {
  const mend = await refuseEvents('53400')
  try {
    await expect(append('53400')).rejects.toMatchObject(stopped('53400'))
  } finally {
    await mend()
  }
})

test('an append, a load and a load in a transaction that somebody cancels are told as stopped', async () => {
  await append('held')
  const holder = await AppSession.open(url)
  for (const [lock, call] of [
    [`select from ${schema}.streams where aggregate_id = 'held' for update`, () => append('held')],
    [`lock table ${schema}.events in access exclusive mode`, () => store.load(streamOf('held'))],
    [`lock table ${schema}.events in access exclusive mode`, () => store.transaction('alpha', (tx) => tx.load(streamOf('held')))],
  ] as const) {
    await holder.rows('begin')
    await holder.rows(lock)
    const outcome = call().catch((error: unknown) => error)
    expect(await cancelWaiting()).toBe(true)
    expect(await outcome).toMatchObject(stopped('57014'))
    await holder.rows('rollback')
  }
  await holder.close()
  expect(await append('held')).toMatchObject({ version: 2 })
})

test('commands that a transaction puts aside are told as stopped like its appends', async () => {
  const holder = await AppSession.open(url)
  await holder.rows('begin')
  await holder.rows(`lock table ${schema}.commands in access exclusive mode`)
  const outcome = store.transaction('alpha', (tx) => tx.commands.enqueue([{ command: aside() }])).catch((error: unknown) => error)
  try {
    expect(await cancelWaiting()).toBe(true)
    expect(await outcome).toMatchObject(stopped('57014'))
  } finally {
    await holder.close()
  }
  await store.transaction('alpha', (tx) => tx.commands.enqueue([{ command: aside() }]))
})

test('a call that fails after the work returned fails the transaction: its COMMIT would be a rollback without an error', async () => {
  const rival = Promise.withResolvers<void>()
  const reserved = Promise.withResolvers<void>()
  const held = store.transaction('alpha', async (tx) => {
    await tx.reserve('email', 'ann')
    reserved.resolve()
    await rival.promise
  })
  await reserved.promise
  const stream = streamOf('late')
  let late: Promise<unknown> | undefined
  const outcome = store
    .transaction('alpha', async (tx) => {
      late = tx.load(stream).then(() => tx.reserve('email', 'ann'))
      late.catch(() => undefined)
      tx.append({ stream, expected: 0, events: [markedEvent('x')] })
    })
    .then(
      () => 'committed',
      () => 'failed',
    )
  try {
    expect(await cancelWaiting()).toBe(true)
    expect(await late?.catch((error: unknown) => error)).toMatchObject(stopped('57014'))
    expect([await outcome, (await store.load(stream)).version]).toEqual(['failed', 0])
  } finally {
    rival.resolve()
    await held
  }
})

test('SQL of a user that meets a limit of its own has failed, and the error stays as the driver made it', async () => {
  const slow = sql.unsafe`select pg_sleep(10)`
  const limit = sql.unsafe`set local statement_timeout = '50ms'`
  const full = sql.unsafe`do $$begin raise exception using errcode = '53100'; end$$`
  const calls = {
    'a transaction': () =>
      store.transaction('alpha', async ({ connection }) => [await connection.query(limit), await connection.query(slow)]),
    'users’ SQL': () => withTenant(db, 'alpha', async (connection) => [await connection.query(limit), await connection.query(slow)]),
  }
  for (const call of Object.values(calls)) await expect(call()).rejects.toBeInstanceOf(StatementTimeoutError)
  const states = await Promise.all(
    [
      store.transaction('alpha', ({ connection }) => connection.query(full)),
      withTenant(db, 'alpha', (connection) => connection.query(full)),
    ].map((call) => call.catch((error: unknown) => (error instanceof Error && 'code' in error ? error.code : error))),
  )
  expect(states).toEqual(['53100', '53100'])
})

test('a stored command waits until the server can store its events, and is then carried out', async () => {
  await using app = await createCairn({
    domains: [shop],
    ...onPostgres(database),
    background: { commands: { retryMs: 50, pollMs: 50, maxAttempts: 2 } },
  })
  const mend = await refuseEvents('53100')
  const before = await timesRefused()
  const lines = [{ sku: 'screw', quantity: 1, price: 5 }]
  const { commandId } = await app.dispatch(orderCommands.create({ orderId: 'o-full', customerId: 'c', lines }), { async: true })
  expect(await eventually(async () => (await timesRefused()) >= before + 6)).toBe(true)
  await mend()
  expect(await app.waitForCommand(commandId, { timeoutMs: 30_000 })).toMatchObject({ status: 'processed', result: { version: 1 } })
})

test('an event whose handler meets a limit of its own SQL is set aside, as with any failure of the handler', async () => {
  await using app = await createCairn({ domains: [shop], ...onPostgres(database), background: { pollMs: 50 } })
  const retry = { attempts: 2, backoff: { kind: 'fixed', delayMs: 1 } } as const
  let calls = 0
  await app.subscribe('limited', { types: 'order.*', from: 'end', transactional: true, retry }, async (_, { sql: statement }) => {
    calls++
    await statement`set local statement_timeout = '50ms'`
    await statement`select pg_sleep(10)`
  })
  const lines = [{ sku: 'screw', quantity: 1, price: 5 }]
  await app.dispatch(orderCommands.create({ orderId: 'o-limited', customerId: 'c', lines }))
  expect(await eventually(async () => (await app.subscriptions.parked('limited')).length === 1)).toBe(true)
  expect(calls).toBe(2)
})
