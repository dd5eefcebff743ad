import { setTimeout as sleep } from 'node:timers/promises'
import { eventOf, eventsOf, streamOf } from '../support/events.ts'
import { summarize } from '../support/latencies.ts'
import type { Held } from './during-hold.ts'
import { holdStreams, type HoldKind } from './hold-streams.ts'

const trials = 15
const others = 10
/** A hold ends after this time, so that companions that wait for the release do not wait for ever. */
const longestHoldMs = 1_000

/** Medians of the time that a batch's other appends take, by what one of the batch's streams is held by. */
export interface Companions {
  readonly normalMs: number
  readonly rowMs: number
  readonly creationMs: number
}

type Place = Pick<Held, 'database' | 'signer' | 'store' | 'tenant'>

/** A batch with an append to a held stream in it: how long do the others in it take, and how long without the hold? */
export async function measureCompanions(place: Place): Promise<Companions> {
  const times: Record<'normal' | HoldKind, number[]> = { normal: [], row: [], creation: [] }
  for (let trial = 0; trial < trials; trial++) {
    times.normal.push(await companionsTime(place, undefined))
    times.row.push(await companionsTime(place, 'row'))
    times.creation.push(await companionsTime(place, 'creation'))
  }
  return { normalMs: summarize(times.normal).p50Ms, rowMs: summarize(times.row).p50Ms, creationMs: summarize(times.creation).p50Ms }
}

async function companionsTime({ database, signer, store, tenant }: Place, kind: HoldKind | undefined): Promise<number> {
  const stream = streamOf(tenant)
  if (kind !== 'creation') await store.append({ stream, expected: 0, events: eventsOf(1) })
  const hold = kind === undefined ? undefined : await holdStreams(database, signer, kind, [stream])
  const started = performance.now()
  const one = store.append({ stream, expected: 'any', events: [eventOf()] })
  const companions = Promise.all(
    Array.from({ length: others }, () => store.append({ stream: streamOf(tenant), expected: 0, events: [eventOf()] })),
  )
  const timeout = new AbortController()
  await Promise.race([companions, sleep(longestHoldMs, undefined, { signal: timeout.signal }).catch(() => undefined)])
  timeout.abort()
  const time = performance.now() - started
  await hold?.release()
  await Promise.all([one, companions])
  return time
}
