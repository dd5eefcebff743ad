import { setTimeout as delay } from 'node:timers/promises'
import { migrate } from '@cairn/infra/pg'
import { machineMs } from './open-loop.ts'
import { tenant } from './made-log.ts'
import { runJob } from './run-job.ts'
import type { ReadRunOptions } from './run-rebuild.ts'
import { withClient } from './with-client.ts'

/** Milliseconds between two looks of the reader: about what it may add to a figure. */
const lookEveryMs = 1

export interface TailResult {
  readonly rate: number
  readonly seconds: number
  readonly appends: number
  /** From the time at which the append was due until a reader saw its row, milliseconds. */
  readonly visible: Percentiles
  /** The part of it until the append was acknowledged. */
  readonly acknowledged: Percentiles
  readonly problem: string | undefined
}

export interface Percentiles {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** A reader of its own looks at the view all the time, while an app appends by the clock and projects. */
export async function runTail({ databases, sizes, signal, onStep }: ReadRunOptions): Promise<TailResult> {
  const { schema } = databases
  const { rate, tailSeconds } = sizes
  const url = await databases.create('tail')
  const ended = new AbortController()
  try {
    await migrate({ url, schema })
    await databases.settle(url)
    onStep(`${rate} appends/s for ${tailSeconds} s`)
    const seen = new Map<number, number>()
    const looking = look(url, schema, seen, ended.signal)
    looking.catch(() => undefined)
    const { answer } = await runJob({ kind: 'tail', url, schema, rate, seconds: tailSeconds }, signal).finally(() => ended.abort())
    await looking
    const { scheduled, acknowledged, positions, failed } = answer
    const visible: number[] = []
    const answered: number[] = []
    let unseen = 0
    for (const [n, at] of scheduled.entries()) {
      const visibleAt = seen.get(positions[n] ?? 0)
      if (visibleAt === undefined) unseen++
      else visible.push(visibleAt - at)
      answered.push((acknowledged[n] ?? Number.NaN) - at)
    }
    const wrong = [failed > 0 ? `${failed} appends failed.` : '', unseen > 0 ? `${unseen} rows were never seen.` : ''].filter(Boolean)
    return {
      rate,
      seconds: tailSeconds,
      appends: scheduled.length,
      visible: percentiles(visible),
      acknowledged: percentiles(answered),
      problem: wrong.length === 0 ? undefined : wrong.join(' '),
    }
  } finally {
    await databases.drop(url)
  }
}

/**
 * Notes when each position was first in the view. By its index (a generic plan of the empty table would scan all rows each
 * millisecond, more from second to second, and measure that).
 */
async function look(url: string, schema: string, seen: Map<number, number>, signal: AbortSignal): Promise<void> {
  await withClient(url, async (client) => {
    let newest = 0
    await client.query('set enable_seqscan = off; set enable_bitmapscan = off')
    for (let last = false; ;) {
      const { rows } = await client
        .query<{ position: string }>({
          name: 'look',
          text: `select position from ${schema}.tail_row where tenant_id = $1 and position > $2`,
          values: [tenant, newest],
        })
        .catch((error: unknown) => {
          // The app has not made the view yet.
          if (newest === 0 && error instanceof Error && 'code' in error && error.code === '42P01') return { rows: [] }
          throw error
        })
      const now = machineMs()
      for (const row of rows) {
        const position = Number(row.position)
        seen.set(position, now)
        newest = Math.max(newest, position)
      }
      if (last) return
      last = signal.aborted
      await delay(lookEveryMs)
    }
  })
}

function percentiles(values: readonly number[]): Percentiles {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
  return { p50: at(0.5), p99: at(0.99), max: sorted.at(-1) ?? Number.NaN }
}
