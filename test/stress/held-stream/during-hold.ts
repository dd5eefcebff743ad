import { setTimeout as sleep } from 'node:timers/promises'
import { streamMapKey, type AppendResult, type StreamKey } from '@cairn/core'
import type { PgDatabase, PgEventStore } from '@cairn/infra/pg'
import { openAdmin } from '../support/admin.ts'
import type { CheckDatabase } from '../support/check-database.ts'
import { eventOf, eventsOf, streamOf } from '../support/events.ts'
import { storedIds } from '../support/stored-ids.ts'
import { holdStreams, type HoldKind } from './hold-streams.ts'

/** So many appends wait for each held stream. */
export const waiters = 3
/** Between the first append to one held stream and to the next: so they meet different batches, and could block them all. */
const betweenStreamsMs = 40

export interface HeldAppends {
  readonly appended: number
  /** Ended while the stream was still held. */
  readonly early: number
  readonly failed: number
  /** Streams that do not hold exactly what was appended, in order. */
  readonly wrongStreams: number
  /** The longest time from the release to an answer. */
  readonly longestAfterReleaseMs: number
}

export interface Held {
  readonly database: CheckDatabase
  readonly signer: PgDatabase['signer']
  readonly store: PgEventStore
  readonly tenant: string
  readonly kind: HoldKind
  readonly count: number
}

/** Holds streams, appends to them, and runs the load until its end; then releases them and waits for their appends. */
export async function duringHold(
  { database, signer, store, tenant, kind, count }: Held,
  load: () => Promise<number[]>,
): Promise<{ readonly latencies: readonly number[]; readonly heldAppends: HeldAppends }> {
  const streams = Array.from({ length: count }, () => streamOf(tenant))
  if (kind === 'row') await Promise.all(streams.map((stream) => store.append({ stream, expected: 0, events: eventsOf(1) })))
  const hold = await holdStreams(database, signer, kind, streams)
  let [early, longestAfterReleaseMs] = [0, 0]
  let releasedAt: number | undefined
  const wait = async (stream: StreamKey, delayMs: number): Promise<AppendResult> => {
    await sleep(delayMs)
    const result = await store.append({ stream, expected: 'any', events: [eventOf()] })
    if (releasedAt === undefined) early++
    else longestAfterReleaseMs = Math.max(longestAfterReleaseMs, performance.now() - releasedAt)
    return result
  }
  const settled = Promise.allSettled(
    streams.flatMap((stream, i) => Array.from({ length: waiters }, () => wait(stream, i * betweenStreamsMs))),
  )
  let latencies: readonly number[] = []
  try {
    latencies = await load()
  } finally {
    releasedAt = performance.now()
    await hold.release()
  }
  const outcomes = await settled
  const results = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  return {
    latencies,
    heldAppends: {
      appended: results.length,
      early,
      failed: outcomes.length - results.length,
      wrongStreams: await countWrong(database, streams, results),
      longestAfterReleaseMs: Math.round(longestAfterReleaseMs),
    },
  }
}

/** Each stream must hold the one event of before (its creation's) and then the waiters', in the order in which they came. */
async function countWrong(database: CheckDatabase, streams: readonly StreamKey[], results: readonly AppendResult[]): Promise<number> {
  const admin = await openAdmin(database.url)
  try {
    const stored = await storedIds(admin, database, streams)
    return streams.filter((stream) => {
      const key = streamMapKey(stream)
      const ids = results.filter((result) => streamMapKey(result.stream) === key).flatMap(({ events }) => events.map((event) => event.id))
      return stored.get(key)?.slice(1).join() !== ids.join()
    }).length
  } finally {
    await admin.end()
  }
}
