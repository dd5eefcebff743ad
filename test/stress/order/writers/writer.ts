import { setTimeout as sleep } from 'node:timers/promises'
import type { EventToStore, StreamKey } from '@cairn/core'
import type { PgEventStore } from '@cairn/infra/pg'
import type { AppSession } from '../../support/app-session.ts'
import { eventOf, eventTypes, streamOf } from '../../support/events.ts'
import type { Random } from '../../support/random.ts'
import type { Ledger } from '../ledger.ts'

export const tenants = ['north', 'south', 'east'] as const
/** Streams of each tenant that all writers share, so that they meet. */
const sharedStreams = 30

/** What a writer works with. */
export interface Writer {
  readonly store: PgEventStore
  readonly session: AppSession
  readonly random: Random
  readonly ledger: Ledger
}

/** One step of a writer: some appends, committed or taken back. Resolves with the number of events that it committed. */
export type WriterStep = (writer: Writer) => Promise<number>

export interface Wanted {
  readonly stream: StreamKey
  readonly events: readonly EventToStore[]
}

/** `count` appends to different streams of one tenant, in key order so that two writers never wait for each other in a ring. */
export function wanted({ random }: Writer, count: number): readonly Wanted[] {
  const tenant = random.pick(tenants)
  const streams = new Map<string, StreamKey>()
  while (streams.size < count) {
    const stream = random.chance(0.3) ? streamOf(tenant) : streamOf(tenant, `shared-${random.between(1, sharedStreams)}`)
    streams.set(stream.aggregateId, stream)
  }
  return [...streams.entries()]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, stream]) => ({ stream, events: Array.from({ length: random.between(1, 3) }, () => eventOf(random.pick(eventTypes))) }))
}

export function idsOf(appends: readonly Wanted[]): string[] {
  return appends.flatMap(({ events }) => events.map((event) => event.id))
}

/** Mostly a moment, sometimes long enough for hundreds of other appends. */
export async function pause({ random }: Writer): Promise<void> {
  const kind = random.next()
  await sleep(kind < 0.7 ? random.between(0, 3) : kind < 0.95 ? random.between(5, 20) : random.between(40, 80))
}

/** Lock not to be had in time, deadlock: the transaction is over, nothing of it was stored, and the writer goes on. */
const givesWay = new Set(['55P03', '40P01'])

/** A transaction of the writer's own session; everything that it wanted is taken back when it could not commit. */
export async function inSession(writer: Writer, appends: readonly Wanted[], work: (session: AppSession) => Promise<void>): Promise<number> {
  const { session, ledger } = writer
  await session.run('begin')
  try {
    await work(session)
    await session.run('commit')
  } catch (error) {
    await session.run('rollback')
    ledger.takeBack(idsOf(appends))
    if (error instanceof Error && 'code' in error && typeof error.code === 'string' && givesWay.has(error.code)) return 0
    throw error
  }
  ledger.commit(idsOf(appends))
  return idsOf(appends).length
}
