import {
  assertExpectedVersion,
  assertStreamKey,
  assertTenantId,
  assertTime,
  assertVersion,
  CommandIdReusedError,
  DatabaseUnavailableError,
  isCairnError,
  VersionConflictError,
  type AppendGroupRequest,
  type AppendGroupResult,
  type AppendRequest,
  type AppendResult,
  type CommandReceipt,
  type EventFilter,
  type EventQueryOptions,
  type EventQueryPage,
  type EventQueryPort,
  type EventStorePort,
  type ExpectedVersion,
  type InlineWriter,
  type LoadedStream,
  type LoadOptions,
  type LogPage,
  type ReadAllOptions,
  type ReadStreamOptions,
  type RecordedEvent,
  type StreamKey,
} from '@cairn/core'
import { SlonikError } from 'slonik'
import { z } from 'zod'
import { AppendCoalescer } from './append/append-coalescer.ts'
import { encodeExpected, outcomeNumber, type AppendEntry, type AppendOutcome } from './append/append-entry.ts'
import { assertReceipt, encodeEntry } from './append/encode-entry.ts'
import { HintSender } from './append/hint-sender.ts'
import { PgAppender } from './append/pg-appender.ts'
import { recordedParts } from './append/recorded-parts.ts'
import { refusal } from './append/refusal.ts'
import { plainArray, textArray } from './connection/array-literal.ts'
import { heldConnections } from './connection/held-connections.ts'
import type { PgDatabase } from './connection/pg-database.ts'
import { noAnswer, retryWhileUnavailable, translateError, translateUsersError } from './connection/retry.ts'
import { sql } from './connection/sql.ts'
import { isConnectionFailure } from './connection/sql-state.ts'
import { LoadCoalescer } from './load/load-coalescer.ts'
import { loadStreams, type LoadRequest } from './load/load-streams.ts'
import { countByType, queryEvents } from './read/query-events.ts'
import { readLog } from './read/read-log.ts'
import { readStream } from './read/read-stream.ts'
import { resultsOf } from './read/results-of.ts'
import { carryOut, readsInline, type QueuedAppend } from './transaction/carry-out.ts'
import { enterTenant } from './transaction/enter-tenant.ts'
import { InlineAppender } from './transaction/inline-appender.ts'
import { assertNotAborted, lendTransaction } from './transaction/lend-transaction.ts'
import { afterOf, PgTransaction, type PgEventStoreTransaction } from './transaction/pg-transaction.ts'
import { wasCommitted } from './transaction/was-committed.ts'

const Count = z.object({ count: z.int() })
const Closed = z.object({ outcome: z.int(), version: z.int() })

/** The event log on PostgreSQL. How it keeps its promises: ARCHITECTURE.md, docs/adr, docs/guarantees.md. */
export class PgEventStore implements EventStorePort, EventQueryPort {
  readonly #db: PgDatabase
  readonly #coalescer: AppendCoalescer
  readonly #loads: LoadCoalescer<LoadRequest, LoadedStream>
  readonly #hints: HintSender
  readonly #inline: InlineWriter | undefined
  readonly #inlineAppender: InlineAppender | undefined

  /** @param inline the projections whose rows are written with the append */
  constructor(db: PgDatabase, inline?: InlineWriter) {
    this.#db = db
    this.#inline = inline
    this.#inlineAppender = inline && new InlineAppender(db, inline)
    this.#coalescer = new AppendCoalescer(new PgAppender(db), db.options.acquireTimeoutMs)
    this.#hints = new HintSender(db)
    this.#loads = new LoadCoalescer(db.options.acquireTimeoutMs, (requests) =>
      retryWhileUnavailable('a load', db.options.retryForMs, () =>
        heldConnections(db.pools.log).run((connection) => loadStreams(connection, db.schema, db.signer, requests)),
      ),
    )
  }

  async append(request: AppendRequest): Promise<AppendResult> {
    const { stream, expected, events, command, snapshot } = request
    const part = command === undefined ? { events } : { events, command }
    const group: AppendGroupRequest =
      snapshot === undefined ? { stream, expected, parts: [part] } : { stream, expected, parts: [part], snapshot }
    const { results } = await this.appendGroup(group)
    const result = results[0]
    if (result === undefined) throw new TypeError('An append was left without an answer.')
    return result
  }

  async appendGroup(request: AppendGroupRequest): Promise<AppendGroupResult> {
    const entry = encodeEntry(request, this.#db.options.maxPayloadBytes)
    const aside = readsInline(entry, this.#inline) ? this.#inlineAppender : undefined
    const outcome = await (aside === undefined ? this.#coalescer.append(entry) : aside.append(request, entry))
    if (outcome.kind === 'appended') {
      if (outcome.positions.length > 0) this.#hints.send()
      return { stored: true, results: recordedParts(request, entry, outcome) }
    }
    if (outcome.kind === 'duplicate' || outcome.kind === 'reused') return this.#firstResults(entry, outcome)
    throw refusal(request.stream, request.expected, outcome)
  }

  load(stream: StreamKey, options: LoadOptions = {}): Promise<LoadedStream> {
    try {
      assertStreamKey(stream)
      if (options.afterVersion !== undefined) assertVersion('afterVersion', options.afterVersion)
    } catch (error) {
      return Promise.reject(error)
    }
    return this.#loads.load({ stream, after: afterOf(options) })
  }

  async *readStream(stream: StreamKey, options: ReadStreamOptions = {}): AsyncGenerator<RecordedEvent> {
    assertStreamKey(stream)
    for (const field of ['fromVersion', 'toVersion', 'limit'] as const)
      if (options[field] !== undefined) assertVersion(field, options[field])
    if (options.until !== undefined) assertTime('until', options.until)
    yield* readStream(this.#db, stream, options)
  }

  readAll(options: ReadAllOptions = {}): Promise<LogPage> {
    return readLog(this.#db, options)
  }

  query(filter: EventFilter, options: EventQueryOptions = {}): Promise<EventQueryPage> {
    return queryEvents(this.#db, filter, options)
  }

  countByType(tenantId: string): Promise<readonly { readonly type: string; readonly count: number }[]> {
    return countByType(this.#db, tenantId)
  }

  async resultOf(tenantId: string, command: CommandReceipt): Promise<AppendResult | undefined> {
    assertTenantId(tenantId)
    assertReceipt(command)
    const [result] = await this.#resultsOf(tenantId, [command])
    return result
  }

  async existsAll(streams: readonly StreamKey[]): Promise<boolean> {
    return (await this.#countExisting(streams)) === streams.length
  }

  async existsOne(streams: readonly StreamKey[]): Promise<boolean> {
    return (await this.#countExisting(streams)) > 0
  }

  async close(stream: StreamKey, expected: ExpectedVersion = 'exists'): Promise<void> {
    assertStreamKey(stream)
    assertExpectedVersion(expected)
    const { schema, signer, gates, pools, options } = this.#db
    const context = signer.sign([stream.tenantId])
    const answer = await retryWhileUnavailable('closing a stream', options.retryForMs, () =>
      gates.read.run(() =>
        pools.read.one(sql.type(Closed)`
          select outcome, version from ${sql.identifier([schema])}.close_stream(${context.text}, ${context.signature}, ${stream.tenantId},
            ${stream.aggregateType}, ${stream.aggregateId}, ${encodeExpected(expected)})`),
      ),
    )
    if (answer.outcome !== outcomeNumber.appended) throw new VersionConflictError(stream, expected, answer.version)
  }

  async transaction<T>(tenantId: string, work: (tx: PgEventStoreTransaction) => Promise<T>): Promise<T> {
    assertTenantId(tenantId)
    const { pools, gates, schema, signer, options } = this.#db
    let appended = false
    // Set when all is done but the COMMIT: from there on a lost connection does not say whether it took place.
    let committing: { readonly appends: readonly QueuedAppend[]; readonly result: T } | undefined
    let working = false
    try {
      return await gates.user.run(() =>
        lendTransaction(pools.user, async (connection) => {
          await enterTenant(connection, schema, signer.sign([tenantId]), options.holdTimeoutMs)
          const tx = new PgTransaction(this.#db, tenantId, connection)
          working = true
          const result = await work(tx)
          working = false
          await tx.settled()
          const appends = tx.takeAppends()
          // An append would find out by itself.
          if (appends.length === 0) await assertNotAborted(connection)
          else appended = await carryOut(this.#db, connection, tenantId, appends, this.#inline)
          // What was asked for in the meantime, by work that had returned, is part of the transaction too.
          while (await tx.settled()) await assertNotAborted(connection)
          appended ||= tx.enqueued
          committing = { appends, result }
          return result
        }),
      )
    } catch (error) {
      // A broken connection of the work's own, to a mail server say, is the caller's business.
      if (!isConnectionFailure(error) || (working && !(error instanceof SlonikError)))
        throw working ? translateUsersError(error, 'a transaction') : translateError(error, 'a transaction')
      if (committing !== undefined && (await this.#wasCommitted(tenantId, committing.appends))) return committing.result
      throw new DatabaseUnavailableError('a transaction', error)
    } finally {
      if (appended) this.#hints.send()
    }
  }

  /** @throws DatabaseUnavailableError, whatever kept the answer back: any other error would say that nothing was stored */
  async #wasCommitted(tenantId: string, appends: readonly QueuedAppend[]): Promise<boolean> {
    try {
      return await wasCommitted(
        this.#db,
        tenantId,
        appends.map(({ entry }) => entry),
      )
    } catch (error) {
      throw new DatabaseUnavailableError('a transaction', error)
    }
  }

  /** Waits until every append under way has its answer. Call before the database is closed. */
  async drained(): Promise<void> {
    await this.#coalescer.drained()
    await this.#hints.drained()
  }

  /** What the receipts of an entry say. Where our own try brought them in, whose answer was lost, this is the first answer. */
  async #firstResults(entry: AppendEntry, outcome: AppendOutcome & { kind: 'duplicate' | 'reused' }): Promise<AppendGroupResult> {
    const results = await this.#resultsOf(entry.stream.tenantId, entry.receipts).catch((error: unknown) => {
      // It took effect: nobody is told that nothing was done because the reading of the answer was stopped.
      throw isCairnError(error, 'CAIRN_STATEMENT_STOPPED') && outcome.kind === 'duplicate'
        ? new DatabaseUnavailableError('an append', error, noAnswer)
        : error
    })
    const found = results.filter((result) => result !== undefined)
    // A row written with SQL alone has no hash to compare, and no result, before a worker has admitted it.
    const unsettled = entry.receipts.find((_, i) => results[i] === undefined)
    if (outcome.kind === 'reused' && unsettled !== undefined) throw new CommandIdReusedError(entry.stream.tenantId, unsettled.id)
    const answerLost = outcome.kind === 'duplicate' && outcome.answerLost === true
    if (found.length < results.length || !isOwn(entry, found, answerLost)) return { stored: false, results }
    this.#hints.send()
    return { stored: true, results: found.map((result) => ({ ...result, duplicate: false })) }
  }

  #resultsOf(
    tenantId: string,
    receipts: readonly { readonly id: string; readonly hash: string }[],
  ): Promise<readonly (AppendResult | undefined)[]> {
    const { schema, signer, gates, pools, options } = this.#db
    return retryWhileUnavailable('looking up a command', options.retryForMs, () =>
      gates.read.run(() => resultsOf(pools.read, schema, signer, tenantId, receipts)),
    )
  }

  async #countExisting(streams: readonly StreamKey[]): Promise<number> {
    if (streams.length === 0) return 0
    for (const stream of streams) assertStreamKey(stream)
    const { schema, signer, gates, pools, options } = this.#db
    const tenants = [...new Set(streams.map((stream) => stream.tenantId))]
    const context = signer.sign(tenants)
    const { count } = await retryWhileUnavailable('looking up streams', options.retryForMs, () =>
      gates.read.run(() =>
        pools.read.one(sql.prepared(`${schema}_count_existing`, Count)`
          select ${sql.identifier([schema])}.count_existing(${context.text}, ${context.signature},
            ${plainArray(streams.map((stream) => tenants.indexOf(stream.tenantId) + 1))}, ${textArray(streams.map((stream) => stream.aggregateType))},
            ${textArray(streams.map((stream) => stream.aggregateId))}) as count`),
      ),
    )
    return count
  }
}

/** True when the results are of this very append, as a receipt that only it can have brought in shows, or its events. */
function isOwn({ receipts, events }: AppendEntry, results: readonly AppendResult[], answerLost: boolean): boolean {
  return receipts.some(({ hash, offset }, i) => {
    const first = results[i]?.events[0]
    return hash === '' || (answerLost && first !== undefined && first.id === events[offset]?.id)
  })
}
