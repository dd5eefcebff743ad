import {
  assertStreamKey,
  InvalidInputError,
  ReservationTakenError,
  StoppedError,
  TenantMismatchError,
  type AppendGroupRequest,
  type AppendRequest,
  type AppendResult,
  type CommandQueuePort,
  type CommandReceipt,
  type EventStoreTransaction,
  type LoadedStream,
  type LoadOptions,
  type StreamKey,
} from '@cairn/core'
import type { DatabaseTransactionConnection } from 'slonik'
import { z } from 'zod'
import { assertReceipt, encodeEntry } from '../append/encode-entry.ts'
import { OwnCommandQueue } from '../commands/own-command-queue.ts'
import type { PgDatabase } from '../connection/pg-database.ts'
import { ownStatement } from '../connection/retry.ts'
import { sql } from '../connection/sql.ts'
import { loadStreams } from '../load/load-streams.ts'
import { resultsOf } from '../read/results-of.ts'
import type { QueuedAppend } from './carry-out.ts'

const Done = z.object({ done: z.boolean() })
/** Texts that are part of an index entry: PostgreSQL allows about 2,700 bytes in all. */
const maxReservationBytes = 1_000

/** What `PgEventStore.transaction` hands to its work: Cairn's calls and the user's own SQL on one connection. */
export interface PgEventStoreTransaction extends EventStoreTransaction {
  /** The transaction's connection, as the application role in the tenant's context: SQL run here commits with the appends or not at all. */
  readonly connection: DatabaseTransactionConnection
}

/** Collects appends until the work is done. */
export class PgTransaction implements PgEventStoreTransaction {
  readonly tenantId: string
  readonly connection: DatabaseTransactionConnection
  readonly commands: CommandQueuePort
  readonly #queue: OwnCommandQueue
  readonly #db: PgDatabase
  readonly #appends: QueuedAppend[] = []
  /** Calls that may be refused, without an answer yet. */
  readonly #asked = new Set<Promise<unknown>>()
  #failure: Error | undefined
  #open = true

  constructor(db: PgDatabase, tenantId: string, connection: DatabaseTransactionConnection) {
    this.#db = db
    this.tenantId = tenantId
    this.connection = connection
    this.#queue = new OwnCommandQueue(db, tenantId, connection)
    this.commands = {
      enqueue: (commands) => this.#ask(this.#queue.enqueue(commands)),
      cancel: (ofTenant, ids) => this.#ask(this.#queue.cancel(ofTenant, ids)),
    }
  }

  /** True when commands were put aside: whoever carries them out may be told. */
  get enqueued(): boolean {
    return this.#queue.used
  }

  /**
   * Ends the collecting: an append that comes later is refused, not dropped.
   * @returns all, in key order, so that two transactions that share streams wait for each other in one direction only
   */
  takeAppends(): readonly QueuedAppend[] {
    this.#open = false
    return this.#appends.toSorted(({ entry: a }, { entry: b }) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  }

  /**
   * Waits for the answers that the work did not wait for. True where there were any: one that failed may have aborted the transaction.
   * @throws what was refused, a reservation or a command id: the transaction then stores nothing, even where the work hides the error
   */
  async settled(): Promise<boolean> {
    const waited = this.#asked.size > 0
    while (this.#asked.size > 0) await Promise.allSettled(this.#asked)
    const failure = this.#failure ?? this.#queue.failure
    if (failure !== undefined) throw failure
    return waited
  }

  async load(stream: StreamKey, options: LoadOptions = {}): Promise<LoadedStream> {
    this.#assertTenant(stream)
    const { schema, signer } = this.#db
    const [loaded] = await ownStatement(
      'a load',
      loadStreams(this.connection, schema, signer, [{ stream, after: afterOf(options) }], 'plain'),
    )
    if (loaded === undefined) throw new TypeError('A load was left without an answer.')
    return loaded
  }

  append(request: AppendRequest): void {
    this.#assertTenant(request.stream)
    if (!this.#open) throw new StoppedError('The transaction')
    const { stream, expected, events, command, snapshot } = request
    const group: AppendGroupRequest = {
      stream,
      expected,
      parts: [{ events, ...(command === undefined ? {} : { command }) }],
      ...(snapshot === undefined ? {} : { snapshot }),
    }
    this.#appends.push({ request: group, entry: encodeEntry(group, this.#db.options.maxPayloadBytes) })
  }

  reserve(scope: string, key: string): Promise<void> {
    return this.#ask(this.#reserve(scope, key))
  }

  release(scope: string, key: string): Promise<boolean> {
    return this.#ask(this.#reservation('release', scope, key))
  }

  async resultOf(command: CommandReceipt): Promise<AppendResult | undefined> {
    assertReceipt(command)
    const { schema, signer } = this.#db
    const [result] = await ownStatement(
      'looking up a command',
      resultsOf(this.connection, schema, signer, this.tenantId, [command], 'plain'),
    )
    return result
  }

  async #reserve(scope: string, key: string): Promise<void> {
    if (await this.#reservation('reserve', scope, key)) return
    this.#failure ??= new ReservationTakenError(this.tenantId, scope, key)
    throw this.#failure
  }

  async #ask<T>(answer: Promise<T>): Promise<T> {
    this.#asked.add(answer)
    try {
      return await answer
    } finally {
      this.#asked.delete(answer)
    }
  }

  async #reservation(call: 'reserve' | 'release', scope: string, key: string): Promise<boolean> {
    assertReservation('scope', scope)
    assertReservation('key', key)
    const context = this.#db.signer.sign([this.tenantId])
    const query = sql.type(Done)`
      select ${sql.identifier([this.#db.schema, call])}(${context.text}, ${context.signature}, ${this.tenantId}, ${scope}, ${key}) as done`
    const { done } = await ownStatement('a reservation', this.connection.one(query))
    return done
  }

  #assertTenant(stream: StreamKey): void {
    assertStreamKey(stream)
    if (stream.tenantId !== this.tenantId)
      throw new TenantMismatchError(this.tenantId, stream.tenantId, `Stream ${stream.aggregateType}/${stream.aggregateId}`)
  }
}

export function afterOf(options: LoadOptions): number {
  return options.afterVersion ?? (options.useSnapshot === false ? 0 : -1)
}

function assertReservation(field: string, value: string): void {
  if (value !== '' && Buffer.byteLength(value) <= maxReservationBytes && !value.includes('\0') && value.isWellFormed()) return
  throw new InvalidInputError(field, `A reservation's ${field} must be text of 1..${maxReservationBytes} bytes without NUL.`)
}
