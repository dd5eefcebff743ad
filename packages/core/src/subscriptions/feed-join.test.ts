import { afterEach, describe, expect, it } from 'vitest'
import type { RecordedEvent } from '../contracts/event.ts'
import type { HintsPort } from '../ports/hints.port.ts'
import type { LogReaderPort, LogReadOptions, LogReadPage } from '../ports/log-reader.port.ts'
import { silentLogger } from '../ports/logger.port.ts'
import type { FeedQueue } from './feed-queue.ts'
import { Feed } from './feed.ts'

const noHints: HintsPort = { listen: () => () => {}, close: async () => {} }

/** A log of numbers: the events at even positions are of type 'even'. */
class NumberLog implements LogReaderPort {
  readonly reads: LogReadOptions[] = []
  end = 0
  /** Characters of each event. */
  eventSize = 0
  /** What the next read waits for, once it has seen how far the log goes. */
  hold: Promise<void> | undefined

  async logId(): Promise<string> {
    return ''
  }

  async head() {
    return { horizon: this.end, newest: this.end }
  }

  async positionAt(): Promise<number> {
    return 0
  }

  async read(options: LogReadOptions): Promise<LogReadPage> {
    this.reads.push(options)
    const { after, upTo = this.end, limit, types } = options
    const horizon = this.end
    const { hold } = this
    this.hold = undefined
    await hold
    const events: RecordedEvent[] = []
    let next = after
    while (next < Math.min(upTo, horizon) && events.length < limit) {
      next++
      const type = next % 2 === 0 ? 'even' : 'odd'
      if (types === undefined || types.includes(type)) events.push(eventAt(next, type))
    }
    return { events, next, horizon, size: events.length * this.eventSize }
  }
}

function eventAt(position: number, type: string): RecordedEvent {
  return {
    id: String(position),
    tenantId: 't',
    type,
    payload: {},
    aggregateType: 'a',
    aggregateId: 'a',
    version: position,
    position,
    recordedAt: new Date(0),
    metadata: { correlationId: '', causationId: '', schemaVersion: 1 },
  }
}

const feeds: Feed[] = []
afterEach(async () => {
  await Promise.all(feeds.splice(0).map((feed) => feed.stop()))
})

function given(pageSize = 100) {
  const log = new NumberLog()
  const feed = new Feed({ reader: log, hints: noHints, logger: silentLogger, pollMs: 60_000, pageSize, outageMs: 1 })
  feeds.push(feed)
  feed.start()
  const grow = async (end: number): Promise<void> => {
    log.end = end
    feed.nudge()
    await settle()
  }
  return { log, feed, grow }
}

/** Long enough for everything that waits for nothing but promises. */
async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve()
}

const all = undefined
const nothing = (): void => {}

/** The positions behind `after` that the queue holds, as its runner sees them. */
function taken(queue: FeedQueue | undefined, after: number): readonly number[] {
  const positions: number[] = []
  for (let page = queue?.take(); page !== undefined; page = queue?.take()) {
    positions.push(...page.events.map(({ position }) => position).filter((position) => position > after))
  }
  return positions
}

describe('joining the feed', () => {
  it('behind it, what was missed comes first', async () => {
    const { feed, grow } = given()
    const first = await feed.join(0, all, 1_000, nothing)
    await grow(10)
    const second = await feed.join(6, all, 1_000, nothing)
    await grow(12)
    expect(taken(first, 0)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
    expect(taken(second, 6)).toEqual([7, 8, 9, 10, 11, 12])
  })

  it('more than a page behind it, is refused', async () => {
    const { feed, grow } = given(3)
    const first = await feed.join(0, all, 1_000, nothing)
    await grow(10)
    expect(await feed.join(2, all, 1_000, nothing)).toBeUndefined()
    expect(taken(await feed.join(7, all, 1_000, nothing), 7)).toEqual([8, 9, 10])
    expect(taken(first, 0)).toHaveLength(10)
  })

  it('ahead of it, nothing comes twice', async () => {
    const { log, feed, grow } = given()
    const first = await feed.join(0, all, 1_000, nothing)
    await grow(4)
    log.end = 8
    const second = await feed.join(8, all, 1_000, nothing)
    await grow(9)
    expect(taken(first, 0)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(taken(second, 8)).toEqual([9])
  })

  it('of one that waits beyond the end of the log, takes it back to the end: nobody is kept off, and nothing comes twice', async () => {
    const { log, feed, grow } = given()
    log.end = 5
    const beyond = await feed.join(8, all, 1_000, nothing)
    const second = await feed.join(5, all, 1_000, nothing)
    const third = await feed.join(3, all, 1_000, nothing)
    expect(feed.position).toBe(5)
    await grow(10)
    expect(taken(beyond, 8)).toEqual([9, 10])
    expect(taken(second, 5)).toEqual([6, 7, 8, 9, 10])
    expect(taken(third, 3)).toEqual([4, 5, 6, 7, 8, 9, 10])
  })

  it('of one that waits beyond the end of the log, is refused more than a page behind that end', async () => {
    const { log, feed } = given(3)
    log.end = 5
    await feed.join(8, all, 1_000, nothing)
    expect(await feed.join(1, all, 1_000, nothing)).toBeUndefined()
    expect(feed.position).toBe(8)
  })

  it('while a page is read for others, waits for its end: that page may lack its types', async () => {
    const { log, feed, grow } = given()
    const first = await feed.join(0, ['even'], 1_000, nothing)
    await settle()
    const { promise, resolve } = Promise.withResolvers<void>()
    log.hold = promise
    await grow(4)
    // The read is under way, for even numbers alone.
    const joining = feed.join(0, ['odd'], 1_000, nothing)
    await settle()
    resolve()
    const second = await joining
    await grow(6)
    expect(taken(first, 0).filter((position) => position % 2 === 0)).toEqual([2, 4, 6])
    expect(taken(second, 0).filter((position) => position % 2 === 1)).toEqual([1, 3, 5])
  })

  it('an idle feed begins where the first stands', async () => {
    const { log, feed, grow } = given()
    log.end = 50
    const first = await feed.join(50, all, 1_000, nothing)
    await grow(51)
    expect(taken(first, 50)).toEqual([51])
    expect(log.reads.every(({ after }) => after >= 50)).toBe(true)
  })

  it('fails with the reader, and harms nobody else', async () => {
    const { log, feed, grow } = given()
    const first = await feed.join(0, all, 1_000, nothing)
    await grow(4)
    log.hold = Promise.reject(new Error('cut'))
    await expect(feed.join(2, all, 1_000, nothing)).rejects.toThrow('cut')
    await grow(5)
    expect(taken(first, 0)).toEqual([1, 2, 3, 4, 5])
  })

  it('a queue that is full lets go of the feed, and keeps what it has', async () => {
    const { feed, grow } = given()
    let rings = 0
    const queue = await feed.join(0, all, 5, () => rings++)
    await grow(4)
    await grow(8)
    await grow(9)
    expect(queue?.attached).toBe(false)
    expect(taken(queue, 0)).toEqual([1, 2, 3, 4])
    expect(rings).toBe(2)
    expect(feed.attached).toBe(0)
  })

  it('a queue of large events lets go of the feed long before it is full by number', async () => {
    const { log, feed, grow } = given()
    log.eventSize = 10 * 1_048_576
    const slow = await feed.join(0, all, 1_000, nothing)
    const quick = await feed.join(0, all, 1_000, nothing)
    const seen: number[] = []
    for (let end = 4; end <= 12; end += 4) {
      await grow(end)
      seen.push(...taken(quick, 0))
    }
    expect(slow?.attached).toBe(false)
    expect(taken(slow, 0)).toEqual([1, 2, 3, 4])
    expect(quick?.attached).toBe(true)
    expect(seen).toHaveLength(12)
  })

  it('stretches without events of its own are one step in the queue', async () => {
    const { feed, grow } = given()
    const queue = await feed.join(0, ['even'], 1_000, nothing)
    await feed.join(0, ['odd'], 1_000, nothing)
    await grow(1)
    for (let end = 3; end <= 9; end += 2) await grow(end)
    const steps: number[] = []
    for (let page = queue?.take(); page !== undefined; page = queue?.take()) steps.push(page.next)
    expect(steps.at(-1)).toBe(9)
    expect(steps.length).toBeLessThanOrEqual(5)
  })
})
