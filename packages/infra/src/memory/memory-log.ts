import {
  CommandIdReusedError,
  InvalidInputError,
  matchesExpectedVersion,
  StreamClosedError,
  streamMapKey,
  VersionConflictError,
  type AppendResult,
  type ClockPort,
  type ExpectedVersion,
  type StreamKey,
} from '@cairn/core'
import type { CommandTable } from './commands/command-table.ts'
import { rowKey } from './commands/rows.ts'
import type { EncodedAppend, EncodedPart, EncodedReceipt, EncodedSnapshot } from './encoded-append.ts'
import { toRecordedEvent, type StoredEvent } from './stored-event.ts'

/** One stream. It exists for callers when it has events; a receipt without events may stand before them. */
export interface StreamRow {
  readonly stream: StreamKey
  readonly events: StoredEvent[]
  closed: boolean
  snapshot: EncodedSnapshot | undefined
}

export type Outcome =
  | { readonly stored: true; readonly results: readonly AppendResult[] }
  | { readonly stored: false; readonly results: readonly (AppendResult | undefined)[] }

/**
 * The state behind `InMemoryEventStore`. Every method runs to its end without awaiting, which makes it atomic; and since
 * nothing is half-done between two turns of the event loop, the horizon is simply the last position.
 */
export class MemoryLog {
  readonly #clock: ClockPort
  readonly #events: StoredEvent[] = []
  readonly #streams = new Map<string, StreamRow>()
  readonly #commands: CommandTable

  constructor(clock: ClockPort, commands: CommandTable) {
    this.#clock = clock
    this.#commands = commands
  }

  get horizon(): number {
    return this.#events.length
  }

  /** All events in log order; positions are 1..n here, so the event at position p stands at index p - 1. */
  get events(): readonly StoredEvent[] {
    return this.#events
  }

  find(stream: StreamKey): StreamRow | undefined {
    return this.#streams.get(streamMapKey(stream))
  }

  /** @throws CommandIdReusedError when the id stands here with another hash */
  resultOf(tenantId: string, command: EncodedReceipt): AppendResult | undefined {
    const known = this.#commands.hashOf(tenantId, command.id)
    if (known !== undefined && known !== command.hash) throw new CommandIdReusedError(tenantId, command.id)
    const receipt = this.#commands.receipts.get(rowKey(tenantId, command.id))
    return receipt && toResult(receipt.stream, receipt.events, receipt.version, true)
  }

  /** Carries the appends out in order, all or none. `onDuplicate` is told of each that was not stored, and may refuse by throwing. */
  appendAll(
    appends: readonly EncodedAppend[],
    onDuplicate: (append: EncodedAppend) => void,
    recordedAt = this.#clock.now().getTime(),
  ): readonly Outcome[] {
    const undo: (() => void)[] = []
    try {
      return appends.map((append) => {
        const outcome = this.#append(append, recordedAt, undo)
        if (!outcome.stored) onDuplicate(append)
        return outcome
      })
    } catch (error) {
      for (const step of undo.toReversed()) step()
      throw error
    }
  }

  /**
   * What the appends would lead to, without doing them, and a function that does: it leads to the same, as long as nothing else
   * was appended meanwhile.
   * @throws as `appendAll`
   */
  rehearse(
    appends: readonly EncodedAppend[],
    onDuplicate: (append: EncodedAppend) => void,
  ): { readonly outcomes: readonly Outcome[]; readonly carryOut: () => readonly Outcome[] } {
    const recordedAt = this.#clock.now().getTime()
    const undo: (() => void)[] = []
    try {
      const outcomes = appends.map((append) => this.#append(append, recordedAt, undo))
      return { outcomes, carryOut: () => this.appendAll(appends, onDuplicate, recordedAt) }
    } finally {
      for (const step of undo.toReversed()) step()
    }
  }

  close(stream: StreamKey, expected: ExpectedVersion): void {
    const row = this.find(stream)
    if (row === undefined || row.events.length === 0) throw new VersionConflictError(stream, expected, 0)
    assertVersion(row, expected)
    row.closed = true
  }

  #append(append: EncodedAppend, recordedAt: number, undo: (() => void)[]): Outcome {
    const { stream, parts, snapshot } = append
    for (const { command } of parts) if (command !== undefined) this.#commands.assertFits(stream.tenantId, command.id, command.hash)
    // The receipts come first: a repeated command is answered with its first result even where the version has moved on.
    const earlier = parts.map(({ command }) => (command === undefined ? undefined : this.resultOf(stream.tenantId, command)))
    if (earlier.some((result) => result !== undefined)) return { stored: false, results: earlier }

    const row = this.#row(stream)
    if (row.closed) throw new StreamClosedError(stream)
    assertVersion(row, append.expected)
    const after = parts.reduce((sum, part) => sum + part.events.length, row.events.length)
    if (snapshot !== undefined && snapshot.version > after) {
      throw new InvalidInputError(
        'snapshot.version',
        `A snapshot at version ${snapshot.version} is ahead of its stream, which ends at ${after}.`,
      )
    }
    const before = { log: this.#events.length, stream: row.events.length, snapshot: row.snapshot }
    undo.push(() => {
      this.#events.length = before.log
      row.events.length = before.stream
      row.snapshot = before.snapshot
    })
    const results = parts.map((part) => this.#appendPart(row, part, recordedAt, undo))
    if (snapshot !== undefined && snapshot.version >= (row.snapshot?.version ?? 0)) row.snapshot = snapshot
    return { stored: true, results }
  }

  #appendPart(row: StreamRow, part: EncodedPart, recordedAt: number, undo: (() => void)[]): AppendResult {
    const added = part.events.map((event): StoredEvent => {
      const stored = { ...event, stream: row.stream, version: row.events.length + 1, position: this.#events.length + 1, recordedAt }
      row.events.push(stored)
      this.#events.push(stored)
      return stored
    })
    const version = row.events.length
    if (part.command !== undefined) {
      const { receipts } = this.#commands
      const key = rowKey(row.stream.tenantId, part.command.id)
      receipts.set(key, { hash: part.command.hash, stream: row.stream, version, events: added })
      undo.push(() => receipts.delete(key))
    }
    return toResult(row.stream, added, version, false)
  }

  #row(stream: StreamKey): StreamRow {
    const key = streamMapKey(stream)
    const found = this.#streams.get(key)
    if (found !== undefined) return found
    const row: StreamRow = { stream: { ...stream }, events: [], closed: false, snapshot: undefined }
    this.#streams.set(key, row)
    return row
  }
}

function assertVersion(row: StreamRow, expected: ExpectedVersion): void {
  const actual = row.events.length
  if (!matchesExpectedVersion(expected, actual)) throw new VersionConflictError(row.stream, expected, actual)
}

function toResult(stream: StreamKey, events: readonly StoredEvent[], version: number, duplicate: boolean): AppendResult {
  return { stream: { ...stream }, events: events.map(toRecordedEvent), version, position: events.at(-1)?.position ?? 0, duplicate }
}
