import { describe, expect, it } from 'vitest'
import { InMemorySubscriptionStore } from '@cairn/infra/memory'
import { fastEngine } from './fast-engine.ts'
import { ledger } from './ledger.ts'
import { LogOfEvents } from './log-of-events.ts'

/** A round trip that is slower than a batch should take. */
const tripMs = 15
const events = 200

/** How many batches it takes to handle everything, each of them one round trip for all of its events. */
async function batchesOf(batchSize: number | undefined): Promise<number> {
  const log = new LogOfEvents()
  const store = new InMemorySubscriptionStore()
  await log.append(Array.from({ length: events }, (_, i) => `s-${i}`))
  let batches = 0
  const consumer = ledger({ rows: store.rows, commit: { events: 200, rows: 10_000, ms: 250 } })
  const engine = fastEngine(log, store, { batchMs: 5 })
  await engine.add({
    ...consumer,
    batchSize,
    open: () => ({
      async handle() {
        batches++
        await new Promise((resolve) => setTimeout(resolve, tripMs))
      },
    }),
  })
  await engine.start()
  await engine.waitFor(log.end, ['ledger'], { timeoutMs: 30_000 })
  await engine.stop()
  return batches
}

describe('a consumer with batches of its own size', () => {
  it('keeps large batches when each takes long', async () => {
    expect(await batchesOf(events)).toBeLessThanOrEqual(3)
  })

  it('is another one than a consumer that handles them one after another: its batches shrink to one', async () => {
    expect(await batchesOf(undefined)).toBeGreaterThan(100)
  })
})
