import type { SubscriptionEngine, SubscriptionEngineOptions } from '@cairn/core'
import { InMemorySubscriptionStore } from '@cairn/infra/memory'
import { afterEach, describe, expect, it } from 'vitest'
import { RecordedLogger } from '../decorators/recorded-logger.ts'
import { eventually, fastEngine } from './fast-engine.ts'
import { ledger, ledgerFrom, ledgerOf } from './ledger.ts'
import { LogOfEvents } from './log-of-events.ts'

const key = { name: 'ledger', generation: 1 }
const engines: SubscriptionEngine[] = []
afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.stop()))
})

function given() {
  const log = new LogOfEvents()
  const store = new InMemorySubscriptionStore()
  const logger = new RecordedLogger()
  const join = async (
    name: string,
    settings: Partial<SubscriptionEngineOptions> = {},
    types?: '*',
    partitions = 1,
  ): Promise<SubscriptionEngine> => {
    const engine = fastEngine(log, store, { logger, ...settings })
    engines.push(engine)
    await engine.add(ledger({ name, rows: store.rows, partitions, ...(types && { types }) }))
    await engine.start()
    return engine
  }
  const partition = async () => (await store.get(key))?.partitions[0]
  const detached = () => logger.lines.filter(({ message }) => message.includes('it is detached'))
  return { log, store, join, partition, detached }
}

describe('a subscription whose process was only away', () => {
  it('goes on by itself when the process is back, though another called it detached', async () => {
    const { log, store, join, partition } = given()
    let away = false
    const cutOff = new Proxy(store, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name)
        if (typeof member !== 'function') return member
        return (...args: unknown[]) => (away ? Promise.reject(new Error('The database is away.')) : Reflect.apply(member, target, args))
      },
    })
    const mine = await join('ledger', { store: cutOff })
    await log.append(['a'])
    await mine.waitFor(1, ['ledger'])
    away = true
    await join('other', { detachAfterMs: 60 })
    await eventually('detached', async () => (await partition())?.state === 'detached')
    await log.append(['a', 'b'])
    away = false
    await eventually('handled', async () => (await partition())?.checkpoint === 3, 5_000)
    expect(ledgerOf(store.rows)).toEqual(ledgerFrom(await log.all()))
  })

  it('is not called detached while a partition has failed: coming back would try its event anew', async () => {
    const { log, store, join, detached } = given()
    const mine = await join('ledger', {}, undefined, 2)
    await log.append(['a', 'b'])
    await mine.waitFor(2, ['ledger'])
    const held = (await store.get(key))?.partitions.find(({ partition }) => partition === 1)
    expect(held?.owner).toBe(mine.memberId)
    await store.markState({ key, partition: 1, owner: mine.memberId, fence: held?.fence ?? 0 }, 'failed', {
      category: 'handler',
      message: 'no',
      at: new Date(0),
      attempts: 1,
    })
    await mine.stop()
    await join('other', { detachAfterMs: 40 })
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect((await store.get(key))?.partitions.map(({ state }) => state)).toEqual([expect.not.stringMatching('detached'), 'failed'])
    expect(detached()).toEqual([])
  })

  it('stays paused where an operator pauses it at that moment', async () => {
    const { store, join, partition } = given()
    let seen = false
    const heartbeat: typeof store.heartbeat = async (...args) => {
      const answer = await store.heartbeat(...args)
      if (answer.partitions.some(({ state }) => state === 'detached')) {
        seen = true
        await store.control(key, 'paused')
      }
      return answer
    }
    await join('ledger', {
      store: new Proxy(store, {
        get: (target, name) => {
          const member: unknown = name === 'heartbeat' ? heartbeat : Reflect.get(target, name)
          return typeof member === 'function' ? member.bind(target) : member
        },
      }),
    })
    await eventually('taken', async () => (await partition())?.owner !== undefined)
    await store.control(key, 'detached')
    await eventually('seen', () => seen)
    await eventually('free', async () => (await partition())?.owner === undefined)
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect(await partition()).toMatchObject({ state: 'paused' })
  })
})

describe('a subscription that its process leaves to others', () => {
  it.each(['itself', 'another'])('is not called detached by %s, and is tried again', async (by) => {
    const { log, store, join, partition, detached } = given()
    let known = false
    const mine = await join(
      'ledger',
      { knows: (type) => known || type !== 'order.new', standBackMs: 400, ...(by === 'itself' && { detachAfterMs: 40 }) },
      '*',
    )
    if (by === 'another') await join('other', { detachAfterMs: 40 })
    await log.append(['a'], 'order.new')
    await eventually('left', async () => (await partition())?.state === 'retrying' && (await partition())?.owner === undefined)
    known = true
    await mine.waitFor(log.end, ['ledger'])
    expect(ledgerOf(store.rows)).toEqual({ a: [1] })
    expect(detached()).toEqual([])
  })

  it('is run as a whole by the others', async () => {
    const { log, store, join } = given()
    await join('ledger', { knows: (type) => type !== 'order.new', standBackMs: 60_000 }, '*', 4)
    const streams = Array.from({ length: 20 }, (_, i) => `s${i}`)
    await log.append(streams, 'order.new')
    await eventually('left', async () => (await store.get(key))?.partitions.every(({ owner }) => owner === undefined) ?? false)
    const renewed = await join('ledger', {}, '*', 4)
    await eventually(
      'taken by the new',
      async () => (await store.get(key))?.partitions.every(({ owner }) => owner === renewed.memberId) ?? false,
      5_000,
    )
    await renewed.waitFor(log.end, ['ledger'])
    expect(ledgerOf(store.rows)).toEqual(ledgerFrom(await log.all()))
  })
})
