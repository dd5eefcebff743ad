import { isCairnError, type LogReaderPort, type LogReadOptions, type LogReadPage, type RecordedEvent } from '@cairn/core'
import { InMemoryEventStore, InMemoryLogReader } from '@cairn/infra/memory'
import type { LogReaderFixture } from '@cairn/testing/contracts'

interface BrokenReader {
  /** The group of the contract that must notice. */
  readonly caughtBy: string
  readonly make: () => LogReaderFixture
}

/** A log in memory whose clock goes on with every look at it. */
export function inMemoryLog(): LogReaderFixture {
  let now = Date.parse('2026-01-01T00:00:00Z')
  const store = new InMemoryEventStore({ clock: { now: () => new Date(now) } })
  // Elapses in a turn of the event loop, so that what runs beside it comes on too.
  const elapse = (ms: number): Promise<void> => {
    now += ms
    return new Promise((resolve) => setImmediate(resolve))
  }
  return { store, reader: new InMemoryLogReader(store), elapse, cleanup: async () => {} }
}

/** A sound reader in which some methods were replaced by wrong ones. */
function broken(caughtBy: string, replace: (sound: LogReaderPort) => Partial<LogReaderPort>): BrokenReader {
  return {
    caughtBy,
    make: () => {
      const fixture = inMemoryLog()
      const sound = fixture.reader
      const own: LogReaderPort = {
        logId: () => sound.logId(),
        read: (options) => sound.read(options),
        head: () => sound.head(),
        positionAt: (time) => sound.positionAt(time),
      }
      return { ...fixture, reader: { ...own, ...replace(sound) } }
    },
  }
}

const ask = (change: (options: LogReadOptions) => LogReadOptions): BrokenReader =>
  broken('read', (s) => ({ read: (options) => s.read(change(options)) }))

const answer = (change: (page: LogReadPage, options: LogReadOptions) => LogReadPage): BrokenReader =>
  broken('read', (s) => ({ read: async (options) => change(await s.read(options), options) }))

const events = (change: (event: RecordedEvent) => RecordedEvent): BrokenReader =>
  answer((page) => ({ ...page, events: page.events.map(change) }))

/** What each broken reader does wrong. */
export const brokenLogReaders: Readonly<Record<string, BrokenReader>> = {
  // read
  'reads nothing': answer((page) => ({ ...page, events: [] })),
  'reads backwards': answer((page) => ({ ...page, events: page.events.toReversed() })),
  'begins with the event at the position': ask((options) => ({ ...options, after: Math.max(0, options.after - 1) })),
  'passes over the first event': ask((options) => ({ ...options, after: options.after + 1 })),
  'reads one more than it may': ask((options) => ({ ...options, limit: Math.min(10_000, options.limit + 1) })),
  'reads past where it should stop': ask((options) => ({ ...options, upTo: 2 ** 52 })),
  'goes on from the horizon': answer((page) => ({ ...page, next: page.horizon })),
  'goes on from the last event alone': answer((page, { after }) => ({ ...page, next: page.events.at(-1)?.position ?? after })),
  'goes on behind the last event': answer((page) => ({ ...page, next: page.next + 1 })),
  'sends readers back that are ahead': answer((page) => ({ ...page, next: Math.min(page.next, page.horizon) })),
  'gives every type': ask((options) => ({ ...options, types: undefined })),
  'takes no types for all types': ask((options) => (options.types?.length === 0 ? { ...options, types: undefined } : options)),
  'gives a type as often as it is asked for': answer((page, { types = [] }) => ({
    ...page,
    events: page.events
      .flatMap((event) => types.flatMap((type) => (type === event.type ? [event] : [])))
      .concat(types.length === 0 ? page.events : []),
  })),
  'gives every tenant’s events': ask((options) => ({ ...options, tenantId: undefined })),
  'gives one tenant’s events only': answer((page) => ({
    ...page,
    events: page.events.filter(({ tenantId }) => tenantId === page.events[0]?.tenantId),
  })),
  'reads what is not finished': (() => {
    let calls = 0
    return answer((page) => (++calls % 3 === 0 ? { ...page, events: page.events.slice(1) } : page))
  })(),
  'checks nothing': broken('read', (s) => ({
    read: (options) =>
      s.read(options).catch((error: unknown) => {
        if (isCairnError(error, 'CAIRN_INVALID_INPUT')) return { events: [], next: 0, horizon: 0 }
        throw error
      }),
  })),
  'lifts what it reads': events((event) => ({
    ...event,
    metadata: { ...event.metadata, schemaVersion: event.metadata.schemaVersion + 1 },
  })),
  'gives times as text': events((event) => JSON.parse(JSON.stringify(event)) as RecordedEvent),
  'gives fields that cannot be copied': events((event) => {
    const { metadata, ...fields } = event
    const proto: object = {
      get metadata() {
        return metadata
      },
    }
    return Object.assign(Object.create(proto) as RecordedEvent, fields)
  }),

  // head and logId
  'is always at the beginning': broken('head and logId', () => ({ head: async () => ({ horizon: 0, newest: 0 }) })),
  'knows no newest event': broken('head and logId', (s) => ({ head: async () => ({ ...(await s.head()), newest: 0 }) })),
  'takes another name each time': broken('head and logId', () => ({ logId: async () => crypto.randomUUID() })),
  'has no name': broken('head and logId', () => ({ logId: async () => 'the log' })),

  // positionAt
  'begins at the beginning at any time': broken('positionAt', () => ({ positionAt: async () => 0 })),
  'begins at the end at any time': broken('positionAt', (s) => ({ positionAt: async () => (await s.head()).horizon })),
  'begins behind the first event of the time': broken('positionAt', (s) => ({
    positionAt: async (time) => (await s.positionAt(time)) + 1,
  })),
  'takes what is no time': broken('positionAt', (s) => ({
    positionAt: (time) => s.positionAt(Number.isNaN(time.getTime()) ? new Date() : time),
  })),
}
