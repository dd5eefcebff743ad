import { setTimeout as sleep } from 'node:timers/promises'
import { DatabaseUnavailableError, StreamBusyError } from '@cairn/core'
import { heldConnections } from '../connection/held-connections.ts'
import { backoffMs, noAnswer, translateError } from '../connection/retry.ts'
import { isConnectionFailure, provesRollback, sqlStateOf } from '../connection/sql-state.ts'
import type { PgDatabase } from '../connection/pg-database.ts'
import type { AppendEntry, AppendOutcome } from './append-entry.ts'
import { appendMany } from './append-many.ts'
import { appendOne } from './append-one.ts'
import { turnMs } from './turn-ms.ts'
import type { AppendTransport } from './append-coalescer.ts'

/** A creation or a receipt that somebody else has not committed yet, or a deadlock: the statement was rolled back. */
const rivalStates = new Set(['55P03', '40P01', '40001', '23505'])

/** What is told where nobody knows whether an earlier try took effect, and this one could not find out. */

/**
 * Sends appends to PostgreSQL and makes sure that each happens once: every append carries a receipt, so after a lost
 * connection it is simply sent again, alone; the function finds the receipt under the stream's lock if the first try
 * committed, waits for it if it is still running, and appends if it never did.
 */
export class PgAppender implements AppendTransport {
  readonly #db: PgDatabase

  constructor(db: PgDatabase) {
    this.#db = db
  }

  async sendMany(entries: readonly AppendEntry[]): Promise<readonly AppendOutcome[]> {
    const { pools, schema, signer } = this.#db
    try {
      return await heldConnections(pools.log).run((connection) => appendMany(connection, schema, signer, entries, false))
    } catch (error) {
      if (sqlStateOf(error) !== '55P03') throw error
      // One of the creations is somebody else's, uncommitted. Once more, each creation by itself: that one comes back busy.
      return await heldConnections(pools.log).run((connection) => appendMany(connection, schema, signer, entries, true))
    }
  }

  async sendOne(entry: AppendEntry): Promise<AppendOutcome> {
    const { pools, schema, signer } = this.#db
    try {
      return await heldConnections(pools.log).run((connection) => appendOne(connection, schema, signer, entry, 0))
    } catch (error) {
      if (rivalStates.has(sqlStateOf(error) ?? '')) return { kind: 'busy' }
      throw error
    }
  }

  afterFailure(error: unknown): { readonly answerLost: boolean } | { readonly reason: unknown } {
    // Refused as a whole on purpose (context, isolation, standby): no member would fare better alone.
    if (sqlStateOf(error)?.startsWith('ZC') === true) return { reason: translateError(error, 'an append') }
    return { answerLost: !provesRollback(error) }
  }

  async sendAside(entry: AppendEntry, answerLost: boolean, heldSince: number): Promise<AppendOutcome> {
    const { pools, gates, schema, signer, options } = this.#db
    const started = performance.now()
    const what = `an append to ${entry.stream.aggregateType} ${entry.stream.aggregateId}`
    let lost = answerLost
    for (let attempt = 0; ; attempt++) {
      const now = performance.now()
      const waited = now - heldSince
      try {
        // With every place taken by held streams, ask without waiting: a stream that is free again must not queue behind them. With
        // the time over too: a wait that ends in an error costs its connection.
        const outcome =
          gates.aside.free && waited < options.holdTimeoutMs
            ? await gates.aside.run(() => appendOne(pools.aside, schema, signer, entry, turnMs(options.holdTimeoutMs - waited)))
            : await gates.read.run(() => appendOne(pools.read, schema, signer, entry, 0))
        if (outcome.kind === 'duplicate') return { ...outcome, answerLost: lost }
        if (outcome.kind !== 'busy') return outcome
        if (waited > options.holdTimeoutMs) throw new StreamBusyError(entry.stream, options.holdTimeoutMs)
      } catch (error) {
        const rival = rivalStates.has(sqlStateOf(error) ?? '')
        if (rival && waited + 1 < options.holdTimeoutMs) {
          // Wait below, then again: what the rival left behind decides.
        } else if (rival || provesRollback(error) || !isConnectionFailure(error)) {
          // Certain of this try only: an earlier one may hold the stream, and commit yet.
          if (lost) throw new DatabaseUnavailableError(what, error, noAnswer)
          throw rival ? new StreamBusyError(entry.stream, options.holdTimeoutMs, error) : translateError(error, what)
        } else if (now - started > options.retryForMs) {
          throw new DatabaseUnavailableError(what, error)
        } else lost = true
      }
      await sleep(backoffMs(Math.min(attempt, 3)))
    }
  }
}
