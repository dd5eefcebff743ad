import { createCairn, type RecordedEvent } from '@cairn/cairn'
import { orderCommands, shop } from '@cairn/example-shop'
import { expect, onTestFinished, test } from 'vitest'
import { eventually } from '../../support/processes.ts'

const lines = [{ sku: 'screw', quantity: 1, price: 5 }]

async function start() {
  const app = await createCairn({ domains: [shop], database: 'memory', defaultTenantId: 't', background: { pollMs: 20, pageSize: 5 } })
  onTestFinished(() => app.stop())
  const place = async (...ids: readonly string[]): Promise<void> => {
    for (const orderId of ids) await app.dispatch(orderCommands.create({ orderId, customerId: 'c', lines }))
  }
  return { app, place }
}

const numbered = (name: string, n: number): string[] => Array.from({ length: n }, (_, i) => `${name}-${i}`)
const idsOf = (events: readonly RecordedEvent[]): string[] => events.map(({ aggregateId }) => aggregateId)

test('follows what is recorded from now on, of the types that it names, until it is stopped', async () => {
  const { app, place } = await start()
  await place('before')
  const all: string[] = []
  const ready: string[] = []
  const following = await app.follow({}, (events) => void all.push(...events.map(({ aggregateId, type }) => `${aggregateId} ${type}`)))
  await app.follow({ types: 'order.ready' }, (events) => void ready.push(...idsOf(events)))
  // Both come in one page.
  await app.transaction({ tenantId: 't' }, async (tx) => {
    await tx.dispatch(orderCommands.create({ orderId: 'o', customerId: 'c', lines }))
    await tx.dispatch(orderCommands.markReady({ orderId: 'o' }))
  })
  expect(await eventually(async () => all.length === 2 && ready.length === 1)).toBe(true)
  expect(all).toEqual(['o order.created', 'o order.ready'])
  expect(ready).toEqual(['o'])
  const { next } = await app.events.readAll({ tenantId: 't' })
  expect(await eventually(async () => following.position === next)).toBe(true)
  await following.stop()
  await place('after')
  await app.dispatch(orderCommands.markReady({ orderId: 'after' }))
  expect(await eventually(async () => ready.length === 2)).toBe(true)
  expect(all).toHaveLength(2)
})

test('gives a portion again where it fails, in order, and loses nothing when it is far behind or falls behind', async () => {
  const { app, place } = await start()
  const ids = numbered('old', 40)
  await place(...ids)
  const got: string[] = []
  let fails = 2
  let slow = false
  await app.follow({ from: 'start' }, async (events) => {
    if (got.length === 10 && fails-- > 0) throw new Error('not now')
    if (slow) await new Promise((resolve) => setTimeout(resolve, 5))
    got.push(...idsOf(events))
  })
  expect(await eventually(async () => got.length === ids.length)).toBe(true)
  slow = true
  const more = numbered('new', 300)
  await place(...more)
  expect(await eventually(async () => got.length === ids.length + more.length)).toBe(true)
  expect(got).toEqual([...ids, ...more])
  expect(fails).toBe(-1)
})

test('ends with its app, and refuses a type that there is not', async () => {
  const { app, place } = await start()
  const got: string[] = []
  await app.follow({}, (events) => void got.push(...idsOf(events)))
  // @ts-expect-error: no such type
  await expect(app.follow({ types: 'order.created2' }, () => undefined)).rejects.toMatchObject({ code: 'CAIRN_UNKNOWN_TYPE' })
  await place('o')
  expect(await eventually(async () => got.length === 1)).toBe(true)
  await app.stop()
  await expect(app.follow({}, () => undefined)).rejects.toMatchObject({ code: 'CAIRN_STOPPED' })
})
