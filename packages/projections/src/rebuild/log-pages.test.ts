import type { LogReaderPort, LogReadOptions, LogReadPage, RecordedEvent } from '@cairn/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LogPages, type LogPagesOptions } from './log-pages.ts'

/** A log in an array: positions with holes, a search window, and a horizon that a test moves. */
class ArrayLog implements LogReaderPort {
  readonly events: readonly RecordedEvent[]
  readonly window: number
  horizon: number
  reads = 0
  running = 0
  mostRunning = 0

  constructor(positions: readonly number[], window: number, rareEvery: number) {
    this.events = positions.map((position) => eventAt(position, position % rareEvery === 0 ? 'rare' : 'often'))
    this.window = window
    this.horizon = positions.at(-1) ?? 0
  }

  logId(): Promise<string> {
    return Promise.resolve('log')
  }

  head(): Promise<{ readonly horizon: number; readonly newest: number }> {
    return Promise.resolve({ horizon: this.horizon, newest: this.horizon })
  }

  positionAt(): Promise<number> {
    return Promise.resolve(0)
  }

  async read({ after, upTo, limit, types }: LogReadOptions): Promise<LogReadPage> {
    this.reads++
    this.mostRunning = Math.max(this.mostRunning, ++this.running)
    await Promise.resolve()
    const end = Math.min(this.horizon, upTo ?? this.horizon, after + this.window)
    const events = this.events
      .filter(({ position, type }) => position > after && position <= end && (types === undefined || types.includes(type)))
      .slice(0, limit)
    this.running--
    return { events, next: Math.max(after, events.length < limit ? end : (events.at(-1)?.position ?? after)), horizon: this.horizon }
  }
}

function eventAt(position: number, type: string): RecordedEvent {
  const metadata = { correlationId: '', causationId: '', schemaVersion: 1 }
  const id = `00000000-0000-4000-8000-${String(position).padStart(12, '0')}`
  return {
    id,
    type,
    payload: {},
    tenantId: 't',
    aggregateType: 'a',
    aggregateId: 'a',
    version: 1,
    position,
    recordedAt: new Date(0),
    metadata,
  }
}

async function readAll(log: ArrayLog, options: Partial<LogPagesOptions>): Promise<readonly number[]> {
  const pages = new LogPages(log, { after: 0, types: ['often', 'rare'], ahead: 2, pageSize: () => 7, ...options })
  const positions: number[] = []
  for (;;) {
    const page = await pages.next()
    positions.push(...page.events.map((event) => event.position))
    if (options.upTo === undefined ? page.next >= page.horizon : page.next >= options.upTo) return positions
  }
}

describe('reading the log ahead', () => {
  it('gives every event once, in order, whatever the holes, the windows and the filter', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.integer({ min: 1, max: 500 }), { maxLength: 300 }),
        fc.integer({ min: 3, max: 200 }),
        fc.integer({ min: 0, max: 5 }),
        fc.integer({ min: 1, max: 50 }),
        fc.constantFrom<readonly string[]>(['often', 'rare'], ['rare']),
        fc.integer({ min: 0, max: 500 }),
        async (unsorted, window, ahead, pageSize, types, after) => {
          const positions = unsorted.toSorted((a, b) => a - b)
          const log = new ArrayLog(positions, window, 9)
          const expected = log.events.filter((event) => event.position > after && types.includes(event.type)).map((event) => event.position)
          expect(await readAll(log, { ahead, types, after, pageSize: () => pageSize })).toEqual(expected)
        },
      ),
    )
  })

  it('stops at a position it is told, exactly', async () => {
    const log = new ArrayLog(
      Array.from({ length: 100 }, (_, i) => i + 1),
      1_000,
      9,
    )
    expect((await readAll(log, { upTo: 55 })).at(-1)).toBe(55)
  })

  it('reads several stretches at once', async () => {
    const log = new ArrayLog(
      Array.from({ length: 200 }, (_, i) => i + 1),
      1_000,
      9,
    )
    await readAll(log, { ahead: 3 })
    expect(log.mostRunning).toBeGreaterThanOrEqual(3)
    const alone = new ArrayLog(
      Array.from({ length: 200 }, (_, i) => i + 1),
      1_000,
      9,
    )
    await readAll(alone, { ahead: 0 })
    expect(alone.mostRunning).toBe(1)
  })

  it('takes longer stretches where few events pass', async () => {
    const log = new ArrayLog(
      Array.from({ length: 5_000 }, (_, i) => i + 1),
      10_000,
      1_000,
    )
    expect(await readAll(log, { types: ['rare'] })).toEqual([1_000, 2_000, 3_000, 4_000, 5_000])
    expect(log.reads).toBeLessThan(40)
  })

  it('waits for a horizon that steps back for a moment, and skips nothing', async () => {
    const log = new ArrayLog(
      Array.from({ length: 60 }, (_, i) => i + 1),
      1_000,
      9,
    )
    const pages = new LogPages(log, { after: 0, types: ['often', 'rare'], ahead: 0, pageSize: () => 10 })
    const positions: number[] = []
    const take = async (): Promise<void> => void positions.push(...(await pages.next()).events.map((event) => event.position))
    await take()
    log.horizon = 5
    await take()
    await take()
    log.horizon = 60
    for (let i = 0; i < 10; i++) await take()
    expect(positions).toEqual(log.events.map((event) => event.position))
  })
})
