import {
  assertStreamKey,
  DuplicateCommandError,
  InvalidInputError,
  isCairnError,
  StoppedError,
  streamMapKey,
  TenantMismatchError,
  type AppendRequest,
  type AppendResult,
  type CommandQueuePort,
  type CommandReceipt,
  type EventStoreTransaction,
  type LoadedStream,
  type LoadOptions,
  type StreamKey,
} from '@cairn/core'
import type { InMemoryCommandQueue } from './commands/in-memory-command-queue.ts'
import { TenantCommandQueue } from './commands/tenant-command-queue.ts'
import { encodeAppend, encodeReceipt, type EncodedAppend } from './encoded-append.ts'
import { loadStream } from './load-stream.ts'
import type { MemoryLog, Outcome } from './memory-log.ts'
import { ReservationHolder, type ReservationBook } from './reservation-book.ts'

/** The limit of the PostgreSQL store, where these texts are part of an index entry. */
const maxReservationBytes = 1_000

interface Parts {
  readonly tenantId: string
  readonly log: MemoryLog
  readonly reservations: ReservationBook
  readonly commands: InMemoryCommandQueue
  readonly maxPayloadBytes: number
  /** As `MemoryLog.appendAll`, with what else belongs to an append, and `commands`. */
  readonly carryOut: (
    appends: readonly EncodedAppend[],
    onDuplicate: (append: EncodedAppend) => void,
  ) => readonly Outcome[] | Promise<readonly Outcome[]>
}

/** Collects the appends of one transaction; they are carried out at its end, so that what it loads is committed state. */
export class InMemoryTransaction implements EventStoreTransaction {
  readonly tenantId: string
  readonly commands: CommandQueuePort
  readonly #parts: Parts
  readonly #holder = new ReservationHolder()
  readonly #appends: EncodedAppend[] = []
  /** Reservations and releases without an answer yet. */
  readonly #asked = new Set<Promise<unknown>>()
  #refusal: unknown
  #open = true
  #ended = false

  constructor(parts: Parts) {
    this.tenantId = parts.tenantId
    this.#parts = parts
    this.commands = new TenantCommandQueue(parts.tenantId, parts.commands)
  }

  async load(stream: StreamKey, options?: LoadOptions): Promise<LoadedStream> {
    this.#check(stream)
    return loadStream(this.#parts.log, stream, options)
  }

  append(request: AppendRequest): void {
    this.#check(request.stream)
    this.#appends.push(encodeAppend({ ...request, parts: [request] }, this.#parts.maxPayloadBytes))
  }

  async reserve(scope: string, key: string): Promise<void> {
    this.#checkReservation(scope, key)
    await this.#ask(this.#parts.reservations.reserve(this.#holder, this.tenantId, scope, key))
  }

  async release(scope: string, key: string): Promise<boolean> {
    this.#checkReservation(scope, key)
    return this.#ask(this.#parts.reservations.release(this.#holder, this.tenantId, scope, key))
  }

  async resultOf(command: CommandReceipt): Promise<AppendResult | undefined> {
    this.#checkOpen()
    return this.#parts.log.resultOf(this.tenantId, encodeReceipt(command))
  }

  /** @throws the refused reservation, even where the work function swallowed it or did not wait for it */
  async commit(): Promise<void> {
    while (this.#asked.size > 0) await Promise.allSettled(this.#asked)
    this.#checkOpen()
    this.#parts.commands.check()
    // What is stored from here on could not be undone for a reservation that is refused.
    this.#open = false
    // A stable sort: two appends to one stream keep the order in which they were asked for.
    await this.#parts.carryOut(
      this.#appends.toSorted((a, b) => compare(streamMapKey(a.stream), streamMapKey(b.stream))),
      (append) => {
        throw new DuplicateCommandError(append.stream, append.parts[0]?.command?.id ?? '')
      },
    )
    this.#end(true)
  }

  rollBack(): void {
    if (!this.#ended) this.#end(false)
  }

  async #ask<T>(answer: Promise<T>): Promise<T> {
    this.#asked.add(answer)
    try {
      return await answer
    } catch (error) {
      this.#refusal ??= error
      throw error
    } finally {
      this.#asked.delete(answer)
    }
  }

  #end(committed: boolean): void {
    this.#open = false
    this.#ended = true
    this.#parts.reservations.end(this.#holder, committed)
  }

  #check(stream: StreamKey): void {
    this.#checkOpen()
    assertStreamKey(stream)
    if (stream.tenantId !== this.tenantId) {
      throw new TenantMismatchError(this.tenantId, stream.tenantId, `Stream ${stream.aggregateType}/${stream.aggregateId}`)
    }
  }

  #checkReservation(scope: string, key: string): void {
    this.#checkOpen()
    assertReservation('scope', scope)
    assertReservation('key', key)
  }

  #checkOpen(): void {
    if (isCairnError(this.#refusal)) throw this.#refusal
    if (!this.#open) throw new StoppedError('The transaction')
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function assertReservation(field: string, value: string): void {
  if (value !== '' && Buffer.byteLength(value) <= maxReservationBytes && !value.includes('\0') && value.isWellFormed()) return
  throw new InvalidInputError(field, `A reservation's ${field} must be well-formed text of 1 to ${maxReservationBytes} bytes without NUL.`)
}
