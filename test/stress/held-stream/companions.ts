import { eventOf, eventsOf, streamOf } from '../support/events.ts'
import { summarize } from '../support/latencies.ts'
import { holdStreams } from './hold-streams.ts'
import type { Held } from './during-hold.ts'

const trials = 20
const others = 10

export interface Companions {
  /** Medians of the time that a batch's other appends take. */
  readonly normalMs: number
  readonly heldMs: number
  readonly ratio: number
}

/** A batch with an append to a held stream in it: how long do the others in it take, and how long without the hold? */
export async function measureCompanions({
  database,
  signer,
  store,
  tenant,
}: Pick<Held, 'database' | 'signer' | 'store' | 'tenant'>): Promise<Companions> {
  const times: Record<'normal' | 'held', number[]> = { normal: [], held: [] }
  for (let trial = 0; trial < trials; trial++) {
    for (const kind of ['normal', 'held'] as const) {
      const stream = streamOf(tenant)
      await store.append({ stream, expected: 0, events: eventsOf(1) })
      const hold = kind === 'held' ? await holdStreams(database, signer, 'row', [stream]) : undefined
      const started = performance.now()
      const one = store.append({ stream, expected: 'any', events: [eventOf()] })
      await Promise.all(Array.from({ length: others }, () => store.append({ stream: streamOf(tenant), expected: 0, events: [eventOf()] })))
      times[kind].push(performance.now() - started)
      await hold?.release()
      await one
    }
  }
  const [normalMs, heldMs] = [summarize(times.normal).p50Ms, summarize(times.held).p50Ms]
  return { normalMs, heldMs, ratio: Math.round((heldMs / normalMs) * 100) / 100 }
}
