import { ChangePumpSource, RealtimePumpBase, type PumpConfig, type PumpState } from '@cairn/core'
import { InMemoryChangeLog, InMemorySubscriptionStore } from '@cairn/infra/memory'
import { supabaseAdmin, SupabaseHints, SupabaseSource } from '@cairn/infra/supabase'
import type { SupabaseClient } from '@supabase/supabase-js'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { eventually } from '../../support/processes.ts'
import { startRealtimeServer, type RealtimeServer } from './realtime-server.ts'

interface Order {
  readonly id: number
  readonly status: string
}

const key = 'service-role-key'
let server: RealtimeServer
let client: SupabaseClient
const endings: (() => Promise<unknown>)[] = []

beforeEach(async () => {
  server = await startRealtimeServer()
  client = supabaseAdmin({ env: { SUPABASE_URL: server.url, SUPABASE_SERVICE_ROLE_KEY: key } })
})

afterEach(async () => {
  for (const end of endings.splice(0).toReversed()) await end()
  await client.realtime.disconnect()
  await server.stop()
})

async function pumpOf(config: Partial<PumpConfig<Order>> & Pick<PumpConfig<Order>, 'processBatch'>, queueSize?: number) {
  const source = new SupabaseSource({ client, ...(queueSize === undefined ? {} : { queueSize }) })
  const retry = { backoff: { kind: 'fixed', delayMs: 5 } } as const
  const eventSpec = { event: 'INSERT', schema: 'public', table: 'orders' } as const
  const pump = new RealtimePumpBase<Order>({ channel: 'orders-pump', eventSpec, retry, ...config }, { source })
  endings.push(() => pump.stop())
  await pump.start()
  return pump
}

test('credentials come from the environment, and what is missing is named', async () => {
  expect(() => supabaseAdmin({ env: { SUPABASE_URL: 'http://localhost' } })).toThrow(/SUPABASE_SERVICE_ROLE_KEY/)
  expect(() => supabaseAdmin({ env: { SUPABASE_SERVICE_ROLE_KEY: key } })).toThrow(/SUPABASE_URL/)
  await pumpOf({ processBatch: () => undefined })
  expect(new Set(server.keys)).toEqual(new Set([key]))
})

test('the client keeps no session and takes none up from another of the same address', async () => {
  const { data } = await client.auth.getSession()
  expect(data.session).toBeNull()
  expect(Reflect.get(client.auth, 'persistSession')).toBe(false)
  expect(Reflect.get(client.auth, 'autoRefreshToken')).toBe(false)
})

test('inserted rows come in order and in batches, those of other kinds and filters do not', async () => {
  const seen: number[] = []
  const sizes: number[] = []
  const pump = await pumpOf({
    batchSize: 4,
    eventSpec: { event: 'INSERT', schema: 'public', table: 'orders', filter: 'status=eq.pending' },
    processBatch: async (rows) => {
      sizes.push(rows.length)
      await new Promise((resolve) => setTimeout(resolve, 2))
      seen.push(...rows.map(({ id }) => id))
    },
  })
  expect(pump.status.state).toBe('subscribed')
  for (let id = 1; id <= 20; id++) server.insert('orders', { id, status: id % 5 === 0 ? 'sent' : 'pending' })
  server.insert('others', { id: 99, status: 'pending' })
  server.change('UPDATE', 'orders', { id: 98, status: 'pending' }, { id: 98 })
  expect(await eventually(() => seen.length === 16)).toBe(true)
  expect(seen).toEqual([1, 2, 3, 4, 6, 7, 8, 9, 11, 12, 13, 14, 16, 17, 18, 19])
  expect(Math.max(...sizes)).toBe(4)
})

test('a deleted row comes as it was', async () => {
  const seen: unknown[] = []
  await pumpOf({
    eventSpec: { event: '*', schema: 'public', table: 'orders' },
    processBatch: (_, { changes }) => seen.push(...changes.map(({ operation, row }) => [operation, row])),
  })
  server.change('UPDATE', 'orders', { id: 1, status: 'sent' }, { id: 1 })
  server.change('DELETE', 'orders', {}, { id: 1 })
  expect(await eventually(() => seen.length === 2)).toBe(true)
  expect(seen).toEqual([
    ['UPDATE', { id: 1, status: 'sent' }],
    ['DELETE', { id: 1 }],
  ])
})

test('a batch that fails comes again, and nothing behind it overtakes', async () => {
  const done: number[] = []
  let failures = 3
  const pump = await pumpOf({
    batchSize: 2,
    processBatch: (rows) => {
      if (failures-- > 0) throw new Error('away')
      done.push(...rows.map(({ id }) => id))
    },
  })
  for (let id = 1; id <= 6; id++) server.insert('orders', { id, status: 'pending' })
  expect(await eventually(() => done.length === 6)).toBe(true)
  expect(done).toEqual([1, 2, 3, 4, 5, 6])
  expect(pump.status.counters).toMatchObject({ failed: 3, processed: 6 })
})

test('a slow pump leaves the channel when its queue is full, and joins it again', async () => {
  const gate = Promise.withResolvers<void>()
  const seen: number[] = []
  await pumpOf(
    {
      batchSize: 5,
      processBatch: async (rows) => {
        await gate.promise
        seen.push(...rows.map(({ id }) => id))
      },
    },
    20,
  )
  for (let id = 1; id <= 200; id++) server.insert('orders', { id, status: 'pending' })
  expect(await eventually(() => server.leaves === 1 && server.topics.length === 0)).toBe(true)
  gate.resolve()
  expect(await eventually(() => server.topics.length === 1)).toBe(true)
  expect(await eventually(() => seen.length === 20)).toBe(true)
  // Of 200 no more than the queue holds were in memory.
  expect(seen).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
  server.insert('orders', { id: 500, status: 'pending' })
  expect(await eventually(() => seen.includes(500))).toBe(true)
})

test('a broken connection is taken up again, and the pump says so', async () => {
  const seen: number[] = []
  const states: PumpState[] = []
  const pump = await pumpOf({ onStatus: (state) => states.push(state), processBatch: (rows) => seen.push(...rows.map(({ id }) => id)) })
  server.insert('orders', { id: 1, status: 'pending' })
  expect(await eventually(() => seen.length === 1)).toBe(true)
  server.cut()
  expect(await eventually(() => pump.status.state === 'error')).toBe(true)
  expect(await eventually(() => pump.status.state === 'subscribed')).toBe(true)
  server.insert('orders', { id: 2, status: 'pending' })
  expect(await eventually(() => seen.length === 2)).toBe(true)
  expect(states).toEqual(['starting', 'subscribed', 'error', 'subscribed'])
})

test('heartbeats keep the connection', async () => {
  const beating = supabaseAdmin({ url: server.url, serviceRoleKey: key, heartbeatMs: 20 })
  const hints = new SupabaseHints({ client: beating, tables: [{ schema: 'public', table: 'orders' }] })
  hints.listen(() => undefined)
  expect(await eventually(() => server.heartbeats > 2)).toBe(true)
  expect(server.joins).toBe(1)
  await hints.close()
  await beating.realtime.disconnect()
})

test('a service that refuses is asked again', async () => {
  server.refuseJoins = true
  const pump = await pumpOf({ processBatch: () => undefined })
  expect(pump.status).toMatchObject({ state: 'error', error: { message: expect.stringContaining('not now') } })
  server.refuseJoins = false
  expect(await eventually(() => pump.status.state === 'subscribed')).toBe(true)
})

test('what it cannot do it refuses: the past, and setting rows aside', async () => {
  await expect(pumpOf({ from: 'start', processBatch: () => undefined })).rejects.toMatchObject({ code: 'CAIRN_INVALID_INPUT' })
  await expect(pumpOf({ onExhausted: 'park', processBatch: () => undefined })).rejects.toMatchObject({ code: 'CAIRN_INVALID_INPUT' })
})

test('as a hint it wakes a pump of watched tables long before its next poll, and again after a broken connection', async () => {
  const hints = new SupabaseHints({ client, tables: [{ schema: 'public', table: 'orders' }] })
  endings.push(() => hints.close())
  const changes = new InMemoryChangeLog()
  const seen: number[] = []
  const source = new ChangePumpSource({ changes, store: new InMemorySubscriptionStore(), hints, engine: { pollMs: 60_000 } })
  const eventSpec = { event: 'INSERT', schema: 'public', table: 'orders' } as const
  const pump = new RealtimePumpBase<Order>(
    { channel: 'hinted-pump', eventSpec, processBatch: (rows) => seen.push(...rows.map(({ id }) => id)) },
    { source },
  )
  endings.push(() => pump.stop())
  await pump.start()
  const insert = (id: number): void => {
    changes.record({ operation: 'INSERT', schema: 'public', table: 'orders', row: { id, status: 'pending' } })
    server.insert('orders', { id, status: 'pending' })
  }
  expect(await eventually(() => server.topics.length === 1)).toBe(true)
  insert(1)
  expect(await eventually(() => seen.includes(1))).toBe(true)
  // Said while nobody listened: coming back is a hint, too.
  server.cut()
  insert(2)
  expect(await eventually(() => seen.includes(2))).toBe(true)
  await hints.close()
  expect(await eventually(() => server.topics.length === 0)).toBe(true)
})
