import {
  assertExpectedVersion,
  assertStreamKey,
  assertTenantId,
  assertTime,
  defaultMaxPayloadBytes,
  systemClock,
  type AppendGroupRequest,
  type AppendGroupResult,
  type AppendRequest,
  type AppendResult,
  type ClockPort,
  type CommandReceipt,
  type EventFilter,
  type EventQueryOptions,
  type EventQueryPage,
  type EventQueryPort,
  type EventStorePort,
  type EventStoreTransaction,
  type ExpectedVersion,
  type InlineTarget,
  type InlineWriter,
  type LoadedStream,
  type LoadOptions,
  type LogPage,
  type ReadAllOptions,
  type ReadStreamOptions,
  type RecordedEvent,
  type StreamKey,
} from '@cairn/core'
import { assertWholeNumber } from './assert-whole-number.ts'
import type { InMemoryCommandQueue } from './commands/in-memory-command-queue.ts'
import { withCommands } from './commands/with-commands.ts'
import { encodeAppend, encodeReceipt, type EncodedAppend } from './encoded-append.ts'
import { InMemoryCommandStore } from './in-memory-command-store.ts'
import { InMemoryTransaction } from './in-memory-transaction.ts'
import { loadStream } from './load-stream.ts'
import { matchesFilter } from './matches-filter.ts'
import { MemoryLog, type Outcome } from './memory-log.ts'
import { ReservationBook } from './reservation-book.ts'
import { toRecordedEvent, type StoredEvent } from './stored-event.ts'

export interface InMemoryEventStoreOptions {
  /** What `recordedAt` is taken from. @default the system's clock */
  readonly clock?: ClockPort
  /** The largest payload, in bytes of its JSON text. @default 1_048_576 */
  readonly maxPayloadBytes?: number
  /** Projections whose rows are there when an append returns. @default none */
  readonly inline?: InMemoryInline
  /** Where transactions put commands aside. @default a store of its own */
  readonly commands?: InMemoryCommandStore | undefined
  /** Called after appends, so that readers wake: `() => hints.send()`. @default nothing */
  readonly appended?: (() => void) | undefined
}

/** How the projections that write with an append reach their rows. */
export interface InMemoryInline {
  readonly writer: InlineWriter
  /** Rows that become visible together, at `commit`. */
  begin(): { open(projection: string): Promise<InlineTarget>; commit(): void }
}

/**
 * The log in memory, for tests and trials: it keeps every promise of the ports but durability, and passes the same
 * contract suite as the PostgreSQL store.
 */
export class InMemoryEventStore implements EventStorePort, EventQueryPort {
  readonly #log: MemoryLog
  readonly #reservations = new ReservationBook()
  readonly #maxPayloadBytes: number
  readonly #inline: InMemoryInline | undefined
  readonly #appended: () => void
  readonly #commands: InMemoryCommandStore
  /** With inline projections, appends come one after another: their rows must see those of the append before. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(options: InMemoryEventStoreOptions = {}) {
    this.#maxPayloadBytes = options.maxPayloadBytes ?? defaultMaxPayloadBytes
    assertWholeNumber('maxPayloadBytes', this.#maxPayloadBytes, 1)
    this.#inline = options.inline
    this.#commands = options.commands ?? new InMemoryCommandStore({ clock: options.clock ?? systemClock })
    this.#log = new MemoryLog(options.clock ?? systemClock, this.#commands.table)
    this.#appended = options.appended ?? (() => {})
  }

  /** What background readers read. @internal */
  get log(): Pick<MemoryLog, 'horizon' | 'events'> {
    return this.#log
  }

  async append(request: AppendRequest): Promise<AppendResult> {
    const { results } = await this.appendGroup({ ...request, parts: [request] })
    const [result] = results
    if (result === undefined) throw new TypeError('An append of one part has one result.')
    return result
  }

  async appendGroup(request: AppendGroupRequest): Promise<AppendGroupResult> {
    const [outcome] = await this.#carryOut([encodeAppend(request, this.#maxPayloadBytes)], () => {})
    if (outcome === undefined) throw new TypeError('One append has one outcome.')
    if (outcome.stored) this.#appended()
    return outcome
  }

  async load(stream: StreamKey, options?: LoadOptions): Promise<LoadedStream> {
    return loadStream(this.#log, stream, options)
  }

  async *readStream(stream: StreamKey, options: ReadStreamOptions = {}): AsyncIterable<RecordedEvent> {
    assertStreamKey(stream)
    const { fromVersion = 1, toVersion, until, limit } = options
    assertWholeNumber('fromVersion', fromVersion, 0)
    if (toVersion !== undefined) assertWholeNumber('toVersion', toVersion, 0)
    if (limit !== undefined) assertWholeNumber('limit', limit, 0)
    if (until !== undefined) assertTime('until', until)
    const events = this.#log.find(stream)?.events.slice(Math.max(fromVersion - 1, 0), toVersion) ?? []
    const inTime = until === undefined ? events : events.filter((event) => event.recordedAt <= until.getTime())
    for (const event of inTime.slice(0, limit)) yield toRecordedEvent(event)
  }

  async readAll(options: ReadAllOptions = {}): Promise<LogPage> {
    const { after = 0, limit = 1_000, types, tenantId } = options
    assertWholeNumber('after', after, 0)
    assertWholeNumber('limit', limit, 1, 10_000)
    if (tenantId !== undefined) assertTenantId(tenantId)
    const horizon = this.#log.horizon
    const found = take(this.#log.events, after, limit, (event) => {
      return (types === undefined || types.includes(event.type)) && (tenantId === undefined || event.stream.tenantId === tenantId)
    })
    const last = found.at(-1)
    const next = found.length === limit && last !== undefined ? last.position : Math.max(after, horizon)
    return { events: found.map(toRecordedEvent), next, horizon }
  }

  async resultOf(tenantId: string, command: CommandReceipt): Promise<AppendResult | undefined> {
    assertTenantId(tenantId)
    return this.#log.resultOf(tenantId, encodeReceipt(command))
  }

  async existsAll(streams: readonly StreamKey[]): Promise<boolean> {
    return streams.map((stream) => this.#exists(stream)).every(Boolean)
  }

  async existsOne(streams: readonly StreamKey[]): Promise<boolean> {
    return streams.map((stream) => this.#exists(stream)).some(Boolean)
  }

  async close(stream: StreamKey, expected: ExpectedVersion = 'exists'): Promise<void> {
    assertStreamKey(stream)
    assertExpectedVersion(expected)
    this.#log.close(stream, expected)
  }

  async transaction<T>(tenantId: string, work: (tx: EventStoreTransaction) => Promise<T>): Promise<T> {
    assertTenantId(tenantId)
    const commands = this.#commands.begin()
    const tx = new InMemoryTransaction({
      tenantId,
      log: this.#log,
      reservations: this.#reservations,
      commands,
      maxPayloadBytes: this.#maxPayloadBytes,
      carryOut: (appends, onDuplicate) => this.#carryOut(appends, onDuplicate, commands),
    })
    try {
      const value = await work(tx)
      await tx.commit()
      this.#appended()
      return value
    } finally {
      tx.rollBack()
    }
  }

  async query(filter: EventFilter, options: EventQueryOptions = {}): Promise<EventQueryPage> {
    assertTenantId(filter.tenantId)
    const { cursor, limit = 100, order = 'oldest-first' } = options
    assertWholeNumber('limit', limit, 1, 1_000)
    if (cursor !== undefined) assertWholeNumber('cursor', cursor, 0)
    for (const field of ['from', 'to'] as const) if (filter[field] !== undefined) assertTime(field, filter[field])
    const all = this.#log.events
    const matches = (event: StoredEvent): boolean => matchesFilter(event, filter)
    // One more than asked for tells whether this page is the last.
    const found =
      order === 'oldest-first'
        ? take(all, cursor ?? 0, limit + 1, matches)
        : take(all.slice(0, cursor === undefined ? undefined : Math.max(cursor - 1, 0)).toReversed(), 0, limit + 1, matches)
    const page = found.slice(0, limit)
    return { events: page.map(toRecordedEvent), next: found.length > limit ? page.at(-1)?.position : undefined }
  }

  async countByType(tenantId: string): Promise<readonly { readonly type: string; readonly count: number }[]> {
    assertTenantId(tenantId)
    const counts = new Map<string, number>()
    for (const event of this.#log.events) {
      if (event.stream.tenantId === tenantId) counts.set(event.type, (counts.get(event.type) ?? 0) + 1)
    }
    return [...counts].map(([type, count]) => ({ type, count })).toSorted((a, b) => b.count - a.count)
  }

  #carryOut(
    appends: readonly EncodedAppend[],
    onDuplicate: (append: EncodedAppend) => void,
    commands?: InMemoryCommandQueue,
  ): readonly Outcome[] | Promise<readonly Outcome[]> {
    const inline = this.#inline
    if (inline === undefined)
      return this.#tookEffect(
        appends,
        withCommands(commands, () => this.#log.appendAll(appends, onDuplicate)),
      )
    const carriedOut = this.#turn.then(() => this.#withRows(inline, appends, onDuplicate, commands))
    this.#turn = carriedOut.catch(() => undefined)
    return carriedOut
  }

  async #withRows(
    { writer, begin }: InMemoryInline,
    appends: readonly EncodedAppend[],
    onDuplicate: (append: EncodedAppend) => void,
    commands: InMemoryCommandQueue | undefined,
  ): Promise<readonly Outcome[]> {
    const { outcomes, carryOut } = this.#log.rehearse(appends, onDuplicate)
    const events = outcomes.flatMap((outcome) => (outcome.stored ? outcome.results.flatMap((result) => result.events) : []))
    const rows = begin()
    if (events.some(({ type }) => writer.types.has(type))) await writer.write(events, (projection) => rows.open(projection))
    // In one turn of the event loop: events and rows become visible together.
    const carriedOut = withCommands(commands, carryOut)
    rows.commit()
    return this.#tookEffect(appends, carriedOut)
  }

  /** Tells the commands whose effects the appends are. */
  #tookEffect(appends: readonly EncodedAppend[], outcomes: readonly Outcome[]): readonly Outcome[] {
    for (const [i, { stream, parts }] of appends.entries()) {
      if (outcomes[i]?.stored !== true) continue
      for (const { command } of parts) if (command !== undefined) this.#commands.tookEffect(stream.tenantId, command)
    }
    return outcomes
  }

  #exists(stream: StreamKey): boolean {
    assertStreamKey(stream)
    return (this.#log.find(stream)?.events.length ?? 0) > 0
  }
}

/** The first `limit` matching events behind the first `skip` ones. */
function take(
  events: readonly StoredEvent[],
  skip: number,
  limit: number,
  matches: (event: StoredEvent) => boolean,
): readonly StoredEvent[] {
  const found: StoredEvent[] = []
  for (let i = skip; i < events.length && found.length < limit; i++) {
    const event = events[i]
    if (event !== undefined && matches(event)) found.push(event)
  }
  return found
}
