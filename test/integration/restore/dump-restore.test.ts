import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { createCairn, defineDomain, type Cairn } from '@cairn/cairn'
import { billing, orderCommands, orderFulfilmentWithin, shop } from '@cairn/example-shop'
import { migrate, openPg, PgLogReader } from '@cairn/infra/pg'
import { createDatabase } from '@cairn/testing/services'
import { afterAll, expect, test } from 'vitest'
import { findPgDump, installedServer } from '../../support/pg-dump.ts'
import { queryOnce } from '../../support/query-once.ts'
import { createLogins, type TestLogin } from '../../support/test-logins.ts'
import { foldedRows, plain, visibleRows } from '../rebuild/support/fold.ts'

// A dump of a database that is being written and projected, restored under another name: everything goes on there.

const run = promisify(execFile)
const server = await installedServer()
const folder = await mkdtemp(join(tmpdir(), 'cairn-dump-'))
afterAll(async () => {
  await server.stop()
  await rm(folder, { recursive: true })
})

const lines = [{ sku: 'screw', quantity: 2, price: 500 }]
/** Soon enough that timers of the dump come due in the restored database. */
const fulfilment = defineDomain('fulfilment', { aggregates: [], processManagers: [orderFulfilmentWithin({ milliseconds: 8_000 })] })
const domains = [shop, billing, fulfilment]
type ShopApp = Cairn<(typeof domains)[number]>

interface Place {
  readonly url: string
  readonly app: string
  readonly worker: string
  readonly contextKey: string
}

const source = await createDatabase(server.url)
const { contextKey } = await migrate({ url: source.url })
const { logins } = await createLogins(server.url, 'cairn')

function placeOf(url: string): Place {
  const as = ({ user, password }: TestLogin): string => Object.assign(new URL(url), { username: user, password }).href
  return { url, app: as(logins.app), worker: as(logins.worker), contextKey }
}

async function start(place: Place): Promise<ShopApp> {
  const app = await createCairn({
    domains,
    database: place.app,
    workerUrl: place.worker,
    ownerUrl: place.url,
    contextKey: place.contextKey,
    defaultTenantId: 't',
    background: { pollMs: 50, leaseMs: 1_000 },
  })
  await app.subscribe('effects', { types: '*', from: 'start', transactional: true }, async (event, { sql }) => {
    await sql`insert into public.effects (event_id) values (${event.id})`
  })
  return app
}

/** What every subscription has to come to. */
async function caughtUp(app: ShopApp, place: Place): Promise<void> {
  const behind = (): Promise<unknown[]> =>
    queryOnce(
      place.url,
      `select name, checkpoint from cairn.subscription_partitions
        where checkpoint < (select max(position) from cairn.events)`,
    )
  await app.waitFor((await app.events.readAll({ after: 0, limit: 1 })).horizon, undefined, { timeoutMs: 60_000 })
  await expect.poll(behind).toEqual([])
}

/** Events without an effect, and effects beyond the first. */
async function lostAndDoubled(place: Place): Promise<unknown> {
  const [row] = await queryOnce(
    place.url,
    `select count(*) filter (where n = 0)::int as lost, count(*) filter (where n > 1)::int as doubled
       from (select count(x.event_id) as n from cairn.events e left join public.effects x on x.event_id = e.id group by e.id) counted`,
  )
  return row
}

async function restored(pgDump: string, file: string): Promise<Place> {
  const database = await createDatabase(server.url)
  await run(join(dirname(pgDump), 'pg_restore'), [`--dbname=${database.url}`, '--exit-on-error', file])
  return placeOf(database.url)
}

test('what was dumped under load goes on in a restored database, with nothing lost and nothing doubled', async () => {
  const original = placeOf(source.url)
  await queryOnce(source.url, 'create table public.effects (event_id uuid not null)')
  await queryOnce(source.url, 'grant insert on public.effects to cairn_worker')
  const pgDump = await findPgDump(Number.parseInt(server.version, 10))
  const file = join(folder, 'cairn.dump')

  const first = await start(original)
  let orders = 0
  const order = async (n: number): Promise<void> => {
    const orderId = `o-${n}`
    await first.dispatch(orderCommands.create({ orderId, customerId: `c-${n % 7}`, lines }))
    if (n % 2 === 0) await first.dispatch(orderCommands.markReady({ orderId }))
  }
  for (; orders < 60; orders++) await order(orders)
  const cursor = await first.cursor((await first.events.readAll({ limit: 10 })).events.at(-1)?.position ?? 0)
  const ended = new AbortController()
  const dumping = run(pgDump, ['--format=custom', `--dbname=${source.url}`, `--file=${file}`]).finally(() => ended.abort())
  for (; !ended.signal.aborted; orders++) await order(orders)
  await dumping
  for (const after = orders + 20; orders < after; orders++) await order(orders)
  await first.stop()

  const place = await restored(pgDump, file)
  const [dumped] = await queryOnce<{ orders: number; events: number }>(
    place.url,
    `select (select count(*)::int from cairn.streams where aggregate_type = 'order') as orders, (select count(*)::int from cairn.events) as events`,
  )
  // Else the dump was not taken in the middle of anything.
  expect(dumped?.orders).toBeGreaterThanOrEqual(60)
  expect(dumped?.orders).toBeLessThan(orders)

  await using app = await start(place)
  await expect(app.parseCursor(cursor)).rejects.toMatchObject({ code: 'CAIRN_FOREIGN_LOG' })
  // Timers and commands of the dump: each order is cancelled, or billed, and none twice.
  const ends = async (): Promise<unknown> =>
    (
      await queryOnce(
        place.url,
        `select count(*) filter (where cancelled + ready = 1)::int as ended, coalesce(max(greatest(cancelled, ready)), 0)::int as most
           from (select count(*) filter (where type = 'order.cancelled') as cancelled, count(*) filter (where type = 'order.ready') as ready
                   from cairn.events where aggregate_type = 'order' group by aggregate_id) o`,
      )
    )[0]
  await expect.poll(ends).toEqual({ ended: dumped?.orders, most: 1 })
  const { position, version } = await app.dispatch(orderCommands.create({ orderId: 'after', customerId: 'c-1', lines }))
  expect(version).toBe(1)
  await app.waitFor(position, undefined, { timeoutMs: 60_000 })
  await caughtUp(app, place)

  expect(await lostAndDoubled(place)).toEqual({ lost: 0, doubled: 0 })
  expect(
    await queryOnce(
      place.url,
      `select 1 from (select aggregate_id from cairn.events where type = 'invoice.created' group by payload->>'orderId', aggregate_id having count(*) > 1) x`,
    ),
  ).toEqual([])
  expect(
    await queryOnce(
      place.url,
      'select stream_id from cairn.events group by stream_id having min(version) <> 1 or max(version) <> count(*)',
    ),
  ).toEqual([])

  const db = await openPg({ url: place.app, workerUrl: place.worker, contextKey })
  try {
    const reader = new PgLogReader(db)
    for (const definition of app.registry.projections) {
      expect(plain(await visibleRows(place.url, 'cairn', definition))).toEqual(plain(await foldedRows(reader, definition)))
    }
  } finally {
    await db.close()
  }

  // The control: checkpoints that are not those of the rows, as of tables restored by themselves, are seen by the same count.
  const parts = await restored(pgDump, file)
  await queryOnce(parts.url, `update cairn.subscription_partitions set checkpoint = checkpoint / 2 where name = 'effects'`)
  await using control = await start(parts)
  await caughtUp(control, parts)
  expect(await lostAndDoubled(parts)).toMatchObject({ lost: 0, doubled: expect.toSatisfy((n: number) => n > 0) })
}, 400_000)
