import type { RebuildProgress } from '../rebuild/progress.ts'
import { compact, duration, fit } from './format.ts'

/** The rate is that of the last seconds. */
const windowMs = 10_000
const barWidth = 12

/** What is shown of one projection's build. */
export interface Reading {
  readonly phase: RebuildProgress['phase']
  /** Positions done, those of earlier runs too, and in all. */
  readonly done: number
  readonly total: number
  readonly percent: number
  readonly events: number
  readonly eventsPerSecond: number
  /** Undefined while it cannot be said. */
  readonly etaSeconds: number | undefined
  readonly lag: number
  readonly throttled: boolean
}

/** Turns progress into rates and estimates. */
export class ProgressMeter {
  readonly #now: () => number
  #seen: { readonly at: number; readonly events: number; readonly position: number }[] = []

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  read(progress: RebuildProgress): Reading {
    const { phase, position: done, horizon, events, lag, throttled } = progress
    const total = Math.max(done, horizon)
    const { eventsPerSecond, positionsPerSecond } = this.#rates(events, done)
    return {
      phase,
      done,
      total,
      percent: total === 0 ? 100 : Math.floor((done / total) * 100),
      events,
      eventsPerSecond,
      etaSeconds: positionsPerSecond > 0 ? (total - done) / positionsPerSecond : undefined,
      lag,
      throttled,
    }
  }

  #rates(events: number, position: number): { eventsPerSecond: number; positionsPerSecond: number } {
    const at = this.#now()
    const last = this.#seen.at(-1)
    // A point for each tenth of a second is enough.
    if (last === undefined || at - last.at >= 100) this.#seen.push({ at, events, position })
    this.#seen = this.#seen.filter((point, i) => at - point.at <= windowMs || i === this.#seen.length - 1)
    const [first] = this.#seen
    if (first === undefined || at - first.at < 100) return { eventsPerSecond: 0, positionsPerSecond: 0 }
    const seconds = (at - first.at) / 1000
    // Taken up again after a lost connection, it may stand further back.
    return {
      eventsPerSecond: Math.max(0, Math.round((events - first.events) / seconds)),
      positionsPerSecond: Math.max(0, (position - first.position) / seconds),
    }
  }
}

/** One line: name (in so many columns, where there is room), bar, share, done of total, rate, time left, lag. */
export function progressLine(name: string, reading: Reading, width: number, nameWidth: number = name.length): string {
  const filled = Math.floor((reading.percent / 100) * barWidth)
  const bar = '█'.repeat(filled) + '░'.repeat(barWidth - filled)
  const left =
    reading.phase === 'building' ? (reading.etaSeconds === undefined ? 'starting' : `ETA ${duration(reading.etaSeconds)}`) : reading.phase
  const figures = [
    `${bar} ${String(reading.percent).padStart(3)}%`,
    `${compact(reading.done)}/${compact(reading.total)}`,
    `${compact(reading.eventsPerSecond)}/s`,
    left,
    `lag ${compact(reading.lag)}`,
    ...(reading.throttled ? ['throttled'] : []),
  ].join('  ')
  const room = Math.max(8, width - figures.length - 2)
  return fit(`${fit(name, room).padEnd(Math.min(room, nameWidth))}  ${figures}`, width)
}
