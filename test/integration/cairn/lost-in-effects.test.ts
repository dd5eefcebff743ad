import { setTimeout as sleep } from 'node:timers/promises'
import { createCairn, type HandlerContext } from '@cairn/cairn'
import { orderCommands, shop } from '@cairn/example-shop'
import { expect, test } from 'vitest'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase } from '../../support/test-database.ts'
import { onPostgres, patient } from './support/places.ts'

const database = await testDatabase()
const lines = [{ sku: 'screw', quantity: 1, price: 5 }]
await queryOnce(database.url, `create table effects (id text); grant select, insert on effects to ${database.schema}_worker`)

const effectsOf = (id: string) => queryOnce(database.url, 'select id from effects where id = $1', [id])

/** An app whose handler meets something between two of its statements; one try is all that an event gets. */
async function handling(name: string, meets: (context: HandlerContext) => Promise<unknown>, leaseMs = 20_000) {
  const background = { pollMs: 50, leaseMs, heartbeatMs: 200 }
  const app = await createCairn({ domains: [shop], ...onPostgres(database), background })
  const attempts: number[] = []
  const subscription = await app.subscribe(
    name,
    { types: 'order.created', from: 'end', transactional: true, retry: { attempts: 1, backoff: { kind: 'fixed', delayMs: 1 } } },
    async ({ aggregateId }, context) => {
      attempts.push(context.attempt)
      await context.sql`insert into effects values (${aggregateId})`
      await meets(context)
      await context.sql`select 1`
    },
  )
  const order = async (orderId: string): Promise<number> =>
    (await app.dispatch(orderCommands.create({ orderId, customerId: 'c', lines }))).position
  return { app, subscription, attempts, order }
}

/** What ends a session when the server restarts. */
async function endSession({ sql }: HandlerContext): Promise<void> {
  const [row] = await sql`select pg_backend_pid() as pid`
  await queryOnce(database.url, 'select pg_terminate_backend($1)', [row?.['pid']])
}

test.each([
  ['a session that ends', 'lost-session', endSession],
  ['a deadlock', 'deadlock', ({ sql }) => sql`do $$ begin raise sqlstate '40P01'; end $$`],
  ['a lock that does not come in time', 'lock-timeout', ({ sql }) => sql`do $$ begin raise sqlstate '55P03'; end $$`],
] satisfies [string, string, (context: HandlerContext) => Promise<unknown>][])(
  '%s in the middle of effects costs an event no try, when it is handled and when it is retried',
  async (_, name, meets) => {
    let trouble = 2
    let broken = false
    const { subscription, attempts, order, ...opened } = await handling(name, async (context) => {
      if (broken) throw new Error('The handler is broken.')
      if (trouble-- > 0) await meets(context)
    })
    await using app = opened.app
    await subscription.waitFor(await order(name), patient)
    expect(await app.subscriptions.parked(name)).toEqual([])
    expect([attempts, await effectsOf(name)]).toEqual([[1, 1, 1], [{ id: name }]])

    broken = true
    await subscription.waitFor(await order(`${name}-again`), patient)
    expect(await app.subscriptions.parked(name)).toMatchObject([{ failure: { message: 'The handler is broken.', attempts: 1 } }])
    broken = false
    trouble = 1
    await app.subscriptions.retryParked(name)
    await expect.poll(() => app.subscriptions.parked(name), { timeout: 60_000 }).toEqual([])
    expect(attempts.slice(3)).toEqual([1, 2, 2])
    expect(await effectsOf(`${name}-again`)).toEqual([{ id: `${name}-again` }])
  },
)

test('a handler that lets its transaction wait for longer than a lease is told so, and that is its own fault', async () => {
  const { subscription, order, ...opened } = await handling('waits', () => sleep(1_600), 1_000)
  await using app = opened.app
  const position = await order('waits')
  await subscription.waitFor(position, patient)
  expect(await app.subscriptions.parked('waits')).toMatchObject([{ position, failure: { category: 'CAIRN_IDLE_COMMIT', attempts: 1 } }])
})
