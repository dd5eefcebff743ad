import { setTimeout as sleep } from 'node:timers/promises'
import { DatabaseUnavailableError, isCairnError, StreamBusyError, type AppendGroupRequest, type InlineWriter } from '@cairn/core'
import type { AppendEntry, AppendOutcome } from '../append/append-entry.ts'
import { appendOne } from '../append/append-one.ts'
import { turnMs } from '../append/turn-ms.ts'
import { recordedParts } from '../append/recorded-parts.ts'
import type { PgDatabase } from '../connection/pg-database.ts'
import { backoffMs, noAnswer, translateError } from '../connection/retry.ts'
import { isConnectionFailure, provesRollback, sqlStateOf } from '../connection/sql-state.ts'
import { enterTenant } from './enter-tenant.ts'
import { lendTransaction } from './lend-transaction.ts'
import { openInline } from './open-inline.ts'

/** A deadlock, a stream or a row that was held for too long, a creation or receipt of somebody else's: all rolled back. */
const rivalStates = new Set(['40P01', '40001', '55P03', '23505'])

/**
 * Appends whose events an inline projection reads: each in a transaction of its own, not coalesced, which writes the rows too.
 * Every entry has a receipt, so one whose answer was lost is simply sent again.
 */
export class InlineAppender {
  readonly #db: PgDatabase
  readonly #inline: InlineWriter

  constructor(db: PgDatabase, inline: InlineWriter) {
    this.#db = db
    this.#inline = inline
  }

  /** @throws StreamBusyError and what the inline projections throw, where nothing was stored; DatabaseUnavailableError, where that is not known */
  async append(request: AppendGroupRequest, entry: AppendEntry): Promise<AppendOutcome> {
    const { gates, options } = this.#db
    const started = performance.now()
    const what = `an append to ${entry.stream.aggregateType} ${entry.stream.aggregateId}`
    let answerLost = false
    for (let attempt = 0; ; attempt++) {
      const waited = performance.now() - started
      try {
        const outcome = await gates.aside.run(() => this.#transaction(request, entry, turnMs(options.holdTimeoutMs - waited)))
        return outcome.kind === 'duplicate' ? { ...outcome, answerLost } : outcome
      } catch (error) {
        // A projection's own failure, whatever caused it: it comes after the append has found the stream free.
        if (isCairnError(error) && error.code !== 'CAIRN_POOL_EXHAUSTED') throw error
        const rival = rivalStates.has(sqlStateOf(error) ?? '')
        if (rival ? waited + 1 >= options.holdTimeoutMs : provesRollback(error) || !isConnectionFailure(error)) {
          // Certain of this try only: an earlier one may hold the stream, and commit yet.
          if (answerLost) throw new DatabaseUnavailableError(what, error, noAnswer)
          throw rival ? new StreamBusyError(entry.stream, options.holdTimeoutMs, error) : translateError(error, what)
        }
        if (!rival && waited > options.retryForMs) throw new DatabaseUnavailableError(what, error)
        answerLost ||= !rival
      }
      await sleep(backoffMs(Math.min(attempt, 3)))
    }
  }

  #transaction(request: AppendGroupRequest, entry: AppendEntry, waitMs: number): Promise<AppendOutcome> {
    const { pools, schema, signer, options } = this.#db
    return lendTransaction(pools.aside, async (connection) => {
      await enterTenant(connection, schema, signer.sign([entry.stream.tenantId]), options.holdTimeoutMs)
      const outcome = await appendOne(connection, schema, signer, entry, waitMs)
      if (outcome.kind === 'appended' && outcome.positions.length > 0) {
        const events = recordedParts(request, entry, outcome).flatMap((part) => part.events)
        await this.#inline.write(events, (projection) => openInline(this.#db, connection, entry.stream.tenantId, projection, 'prepared'))
      }
      return outcome
    })
  }
}
