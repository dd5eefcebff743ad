import { HeldConnections, openPg, sql, type PgDatabase } from '@cairn/infra/pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { eventually } from '../../support/processes.ts'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase } from '../../support/test-database.ts'

const { url, appUrl, workerUrl, schema, contextKey } = await testDatabase()
const pidOf = sql.type(z.object({ pid: z.int() }))`select pg_backend_pid() as pid`

let db: PgDatabase
let held: HeldConnections

beforeAll(async () => {
  db = await openPg({ url: appUrl, workerUrl, schema, contextKey })
  held = new HeldConnections(db.pools.log, 2)
})
afterAll(() => db.close())

const pid = async (): Promise<number> => (await held.run((connection) => connection.one(pidOf))).pid
const returned = () => eventually(() => Promise.resolve(db.pools.log.state().acquiredConnections === 0))

test('statements that follow closely use one connection, which goes back to the pool afterwards', async () => {
  const pids = [await pid(), await pid(), await pid()]
  expect(new Set(pids).size).toBe(1)
  expect(db.pools.log.state().acquiredConnections).toBe(1)
  expect(await returned()).toBe(true)
})

test('each connection has one user at a time; who finds none waits in line', async () => {
  let inside = 0
  let most = 0
  const order: number[] = []
  await Promise.all(
    Array.from({ length: 7 }, (_, i) =>
      held.run(async (connection) => {
        most = Math.max(most, ++inside)
        // The first one stays until the other connection is there.
        await eventually(() => most > 1)
        await connection.query(sql.unsafe`select pg_sleep(0.05)`)
        order.push(i)
        inside--
      }),
    ),
  )
  expect(most).toBe(2)
  expect(order.toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6])
  expect(await returned()).toBe(true)
})

test('a connection whose work failed is closed, and its place is free again', async () => {
  const failed: number[] = []
  const failing = () =>
    held.run(async (connection) => {
      failed.push((await connection.one(pidOf)).pid)
      return connection.query(sql.unsafe`select 1 / 0`)
    })
  const outcomes = await Promise.allSettled(Array.from({ length: 5 }, failing))
  expect(outcomes.map(({ status }) => status)).toEqual(Array.from({ length: 5 }, () => 'rejected'))
  expect(new Set(failed).size).toBe(5)
  expect(failed).not.toContain(await pid())
})

test('a connection that ends while nobody uses it is not lent again', async () => {
  const before = await pid()
  await queryOnce(url, 'select pg_terminate_backend($1)', [before])
  // Until the client has heard of it, and some time after it has given the connection back.
  const gone = `select 1 from pg_stat_activity where pid = $1`
  expect(await eventually(async () => (await queryOnce(url, gone, [before])).length === 0)).toBe(true)
  expect(await returned()).toBe(true)
  expect(await pid()).not.toBe(before)
})
