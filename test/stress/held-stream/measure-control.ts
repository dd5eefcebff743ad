import { setTimeout as sleep } from 'node:timers/promises'
import type { StreamKey } from '@cairn/core'
import type { PgDatabase } from '@cairn/infra/pg'
import type { CheckDatabase } from '../support/check-database.ts'
import { streamOf } from '../support/events.ts'
import { ratioOf, summarize, type LatencySummary } from '../support/latencies.ts'
import { BlockingAppender } from './blocking-appender.ts'
import { holdStreams } from './hold-streams.ts'
import { openLoop, type OpenLoop } from './open-loop.ts'

export interface HeldStreamControl {
  readonly normal: LatencySummary
  readonly held: LatencySummary
  readonly ratio: number
}

/** The same load and the same hold, with a client that waits inside its batch. */
export async function measureControl(
  database: CheckDatabase,
  signer: PgDatabase['signer'],
  loop: OpenLoop,
  seconds: number,
  otherStream: () => StreamKey,
): Promise<HeldStreamControl> {
  const appender = await BlockingAppender.open(database, signer)
  try {
    const load = (): Promise<number[]> => openLoop(loop, seconds, () => appender.append(otherStream()))
    const normal = summarize(await load())
    const stream = streamOf('control')
    await appender.append(stream)
    const hold = await holdStreams(database, signer, 'row', [stream])
    const waiting = appender.append(stream)
    const loading = load()
    await sleep(seconds * 1_000)
    await hold.release()
    await waiting
    const held = summarize(await loading)
    return { normal, held, ratio: ratioOf(held, normal) }
  } finally {
    await appender.close()
  }
}
