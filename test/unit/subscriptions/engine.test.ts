import { describe, expect, it } from 'vitest'
import { InMemorySubscriptionStore } from '@cairn/infra/memory'
import { fastEngine } from './fast-engine.ts'
import { ledger, ledgerFrom, ledgerOf } from './ledger.ts'
import { LogOfEvents } from './log-of-events.ts'

describe('SubscriptionEngine', () => {
  it('handles what is in the log, and what comes', async () => {
    const log = new LogOfEvents()
    const store = new InMemorySubscriptionStore()
    await log.append(['a', 'b', 'a', 'c'])
    const engine = fastEngine(log, store)
    await engine.add(ledger({ rows: store.rows }))
    await engine.start()
    await engine.waitFor(log.end, ['ledger'])
    const last = await log.append(['b', 'd', 'a'])
    await engine.waitFor(last.position, ['ledger'])
    expect(ledgerOf(store.rows)).toEqual(ledgerFrom(await log.all()))
    await engine.stop()
    const [status] = await store.list()
    expect(status?.partitions[0]).toMatchObject({ checkpoint: 7, owner: undefined, state: 'live' })
  })
})
