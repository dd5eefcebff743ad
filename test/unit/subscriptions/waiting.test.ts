import { DatabaseUnavailableError, handlerConsumer, StatementStoppedError, type SubscriptionEngine } from '@cairn/core'
import { InMemoryHints, InMemorySubscriptionStore } from '@cairn/infra/memory'
import { afterEach, describe, expect, it } from 'vitest'
import { eventually, fastEngine } from './fast-engine.ts'
import { ledger, ledgerOf } from './ledger.ts'
import { LogOfEvents } from './log-of-events.ts'

const engines: SubscriptionEngine[] = []
afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.stop()))
})

async function given() {
  const log = new LogOfEvents({ hinting: false })
  const store = new InMemorySubscriptionStore()
  // No hint, and a poll that never comes: only the wait itself can wake the reader.
  const engine = fastEngine(log, store, { hints: new InMemoryHints(), pollMs: 60_000, lazyCheckpointMs: 60_000 })
  engines.push(engine)
  return { log, store, engine }
}

describe('waitFor', () => {
  it('ends when the effects are visible, and wakes the reader itself', async () => {
    const { log, store, engine } = await given()
    await engine.add(ledger({ rows: store.rows }))
    await engine.start()
    for (let i = 1; i <= 20; i++) {
      const { position } = await log.append(['a'])
      await engine.waitFor(position, ['ledger'])
      expect(ledgerOf(store.rows)['a']).toHaveLength(i)
    }
  })

  it('ends at once in this process for events of others, whose checkpoint is stored later', async () => {
    const { log, store, engine } = await given()
    await engine.add(ledger({ rows: store.rows }))
    await engine.start()
    await engine.waitFor(0, ['ledger'])
    const { position } = await log.append(['a'], 'order.ignored')
    await engine.waitFor(position, ['ledger'])
    expect((await store.list())[0]?.partitions[0]?.checkpoint).toBeLessThan(position)
  })

  it('sees what another process has done', async () => {
    const { log, store, engine } = await given()
    const other = fastEngine(log, store, { hints: log.hints, pollMs: 5 })
    engines.push(other)
    await other.add(ledger({ rows: store.rows, partitions: 3 }))
    await other.start()
    const { position } = await log.append(['a', 'b', 'c', 'd'])
    await engine.waitFor(position, ['ledger'])
    expect(Object.keys(ledgerOf(store.rows)).toSorted()).toEqual(['a', 'b', 'c', 'd'])
    await engine.waitFor(position, [{ name: 'ledger', generation: 1 }])
  })

  it('keeps what was reached when the partition moves away while others are waited for', async () => {
    const { log, store, engine } = await given()
    const gate = Promise.withResolvers<void>()
    await engine.add(ledger({ rows: store.rows }))
    await engine.add(handlerConsumer({ name: 'slow', types: '*' }, () => gate.promise))
    await engine.start()
    // Of no concern to the ledger, so that its checkpoint is stored late, and nothing but this process knows of it.
    const { position } = await log.append(['a'], 'order.ignored')
    const wait = engine.waitFor(position, ['ledger', 'slow'], { timeoutMs: 30_000 })
    await engine.waitFor(position, ['ledger'])
    await engine.remove({ name: 'ledger', generation: 1 })
    gate.resolve()
    await wait
  })

  it('gives up at the time given, and says who is behind', async () => {
    const { log, store, engine } = await given()
    await engine.add(ledger({ rows: store.rows }))
    await engine.add(ledger({ name: 'paused', initialState: 'paused', rows: store.rows }))
    await engine.start()
    const { position } = await log.append(['a'])
    await engine.waitFor(position, ['ledger'])
    await expect(engine.waitFor(position, ['ledger', 'paused'], { timeoutMs: 50 })).rejects.toMatchObject({
      code: 'CAIRN_WAIT_TIMEOUT',
      details: { position, behind: [{ name: 'paused', checkpoint: 0, state: 'paused' }], timeoutMs: 50 },
    })
  })

  it('ends with the signal', async () => {
    const { engine, store } = await given()
    await engine.add(ledger({ rows: store.rows }))
    await engine.start()
    const controller = new AbortController()
    const waiting = engine.waitFor(99, ['ledger'], { timeoutMs: 30_000, signal: controller.signal })
    await new Promise((resolve) => setTimeout(resolve, 20))
    controller.abort(new Error('the caller has left'))
    await expect(waiting).rejects.toThrow('the caller has left')
    await expect(engine.waitFor(99, ['ledger'], { signal: controller.signal })).rejects.toThrow('the caller has left')
  })

  it('survives a store that is away for a while, and ends with the signal where it is away for good', async () => {
    const { log, store, engine: runs } = await given()
    await runs.add(ledger({ rows: store.rows }))
    await runs.start()
    await runs.waitFor(0, ['ledger'])
    const away = { error: undefined as Error | undefined, calls: 0 }
    const watching = fastEngine(
      log,
      new Proxy(store, {
        get: (target, name) => {
          const member: unknown = Reflect.get(target, name)
          if (name === 'get' && away.error !== undefined) {
            return () => {
              away.calls++
              return Promise.reject(away.error)
            }
          }
          return typeof member === 'function' ? member.bind(target) : member
        },
      }),
    )
    const { position } = await log.append(['a'])
    const waiting = watching.waitFor(position, [{ name: 'ledger', generation: 1 }])
    const controller = new AbortController()
    const hopeless = watching
      .waitFor(99, [{ name: 'ledger', generation: 1 }], { signal: controller.signal })
      .catch((error: unknown) => error)
    await new Promise((resolve) => setTimeout(resolve, 5))
    away.error = new DatabaseUnavailableError('looking', undefined)
    await eventually('they looked in vain', () => away.calls > 3)
    away.error = new StatementStoppedError('looking', '57014', undefined)
    const before = away.calls
    await eventually('and again', () => away.calls > before + 3)
    away.error = undefined
    await runs.waitFor(position, ['ledger'])
    await runs.stop()
    await waiting
    away.error = new Error('the pool is closed')
    controller.abort(new Error('stopped'))
    expect(await hopeless).toMatchObject({ message: 'stopped' })
  })

  it('refuses an unknown name and a position that is none', async () => {
    const { engine, store } = await given()
    await engine.add(ledger({ rows: store.rows }))
    await expect(engine.waitFor(1, ['leger'])).rejects.toMatchObject({ code: 'CAIRN_UNKNOWN_SUBSCRIPTION', details: { known: ['ledger'] } })
    await expect(engine.waitFor(-1, ['ledger'])).rejects.toMatchObject({ code: 'CAIRN_INVALID_INPUT' })
    await expect(engine.waitFor(1, ['ledger'], { timeoutMs: Number.NaN })).rejects.toMatchObject({ code: 'CAIRN_INVALID_INPUT' })
  })

  it('waits for the newest generation that somebody may read', async () => {
    const { log, store, engine } = await given()
    await engine.add(ledger({ generation: 1, rows: store.rows }))
    await engine.start()
    await store.register(ledger({ generation: 2, initialState: 'rebuilding', rows: store.rows }).spec)
    const { position } = await log.append(['a'])
    await engine.waitFor(position, ['ledger'])
    const elsewhere = fastEngine(log, store)
    engines.push(elsewhere)
    await eventually('stored', async () => (await store.get({ name: 'ledger', generation: 1 }))?.partitions[0]?.checkpoint === position)
    await elsewhere.waitFor(position, ['ledger'], { timeoutMs: 20_000 })
  })
})
