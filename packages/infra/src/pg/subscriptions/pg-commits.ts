import {
  DatabaseUnavailableError,
  IdleCommitError,
  isCairnError,
  InvalidInputError,
  LeaseLostError,
  type FaultHook,
  type FaultPoint,
  type Lease,
  type Progress,
  type SubscriptionKind,
} from '@cairn/core'
import type { DatabaseTransactionConnection, QuerySqlToken } from 'slonik'
import { z } from 'zod'
import { hintLocally } from '../append/local-hints.ts'
import type { PgDatabase } from '../connection/pg-database.ts'
import { retryWhileUnavailable, translateError, translateUsersError } from '../connection/retry.ts'
import { sql } from '../connection/sql.ts'
import { isConnectionFailure, sqlStateOf } from '../connection/sql-state.ts'
import { statement, type StatementMode } from '../connection/statement.ts'
import { lendTransaction } from '../transaction/lend-transaction.ts'
import { CommitCounts, type Tally } from './commit-counts.ts'
import { pgSubscriptionTransaction, type PgSubscriptionTransaction } from './pg-subscription-transaction.ts'
import { progressColumns, type ProgressColumns } from './progress-columns.ts'

/** SQLSTATE of a session that was ended by its idle_in_transaction_session_timeout. */
const idleTooLong = '25P03'

/** Of a lease that was taken by another store object. */
const defaultIdleMs = 10_000

const oneTryMs = 1

const Nothing = z.object({})
const Begun = z.object({ fence: z.int().nullable() })
const Outcome = z.object({ fence: z.int().nullable(), commits: z.int().nullable(), kind: z.custom<SubscriptionKind>().nullable() })

export type Effects = (tx: PgSubscriptionTransaction) => Promise<void>

/**
 * Commits of partitions: effects and progress in one transaction, whose last statement is the checkpoint's UPDATE.
 *
 * Every commit carries the number of commits before it, and the UPDATE raises that number: so whatever a lost connection leaves
 * unknown, no commit takes effect twice, and none after another one with the same number did.
 */
export class PgCommits {
  readonly counts = new CommitCounts()
  readonly #db: PgDatabase
  readonly #faults: FaultHook

  constructor(db: PgDatabase, faults: FaultHook) {
    this.#db = db
    this.#faults = faults
  }

  async commit(lease: Lease, progress: Progress, effects: Effects | undefined): Promise<void> {
    const columns = progressColumns(progress)
    const tally = this.counts.of(lease) ?? (await this.#lookUp(lease))
    try {
      if (effects === undefined) await this.#alone(lease, tally, columns)
      else await this.#withEffects(lease, tally, columns, effects)
      tally.commits++
    } catch (error) {
      if (error instanceof LeaseLostError) this.counts.forget(lease)
      throw error
    }
  }

  /** One statement, which may be sent again: the second of two with one number changes nothing. */
  async #alone(lease: Lease, tally: Tally, columns: ProgressColumns): Promise<void> {
    const { pools, gates, options } = this.#db
    let tries = 0
    try {
      await retryWhileUnavailable('a commit', options.retryForMs, () => {
        tries++
        return gates.worker.run(() => pools.worker.query(this.#statement('prepared', lease, tally, columns)))
      })
    } catch (error) {
      if (tries > 1 && isLost(error) && (await this.#tookEffect(lease, tally))) return
      throw refusalOf(error, lease, columns, translateError)
    }
  }

  async #withEffects(lease: Lease, tally: Tally, columns: ProgressColumns, effects: Effects): Promise<void> {
    // Set when all is done but the COMMIT: from there on a lost connection does not say whether it took place.
    let committing = false
    // Set when a failure that looks like a lost connection is one of the effects' own, to a mail server say.
    let foreign = false
    // Set when what failed is a statement of a user's own.
    let theirs = false
    let running: Promise<void> | undefined
    let enqueued = false
    try {
      await this.#lend(tally.kind, async (connection, mode) => {
        await this.#begin(connection, mode, lease, tally.idleMs)
        await this.#fault('commit-begun', lease)
        try {
          const tx = pgSubscriptionTransaction(this.#db, connection, mode)
          running = effects(tx)
          await running
          tx.commands.check()
          enqueued = tx.commands.used
        } catch (error) {
          theirs = !areCairnsAlone(tally.kind)
          if (isConnectionFailure(error)) {
            await assertConnected(connection)
            foreign = true
          }
          throw error
        }
        await this.#fault('rows-written', lease)
        await connection.query(this.#statement(mode, lease, tally, columns))
        await this.#fault('checkpoint-written', lease)
        committing = true
      })
      if (enqueued) hintLocally(this.#db)
    } catch (error) {
      if (foreign || !isConnectionFailure(error)) throw refusalOf(error, lease, columns, theirs ? translateUsersError : translateError)
      // The connection may have gone while they ran: they are not called again before they are through.
      await running?.catch(() => undefined)
      if (committing && (await this.#tookEffect(lease, tally))) return
      if (!committing) await this.#assertHeld(lease, error)
      throw sqlStateOf(error) === idleTooLong
        ? new IdleCommitError(lease.key.name, tally.idleMs, error)
        : new DatabaseUnavailableError('a commit', error)
    }
  }

  /**
   * The connections of Cairn's own for projections and process managers, whose statements are Cairn's alone; those that are reset
   * after use for handlers, which may leave anything behind.
   */
  #lend(kind: SubscriptionKind, work: (connection: DatabaseTransactionConnection, mode: StatementMode) => Promise<void>): Promise<void> {
    const { pools, gates } = this.#db
    if (!areCairnsAlone(kind)) return gates.handler.run(() => lendTransaction(pools.handler, (connection) => work(connection, 'plain')))
    return gates.commit.run(() => gates.worker.run(() => lendTransaction(pools.worker, (connection) => work(connection, 'prepared'))))
  }

  /**
   * Bounds how long the transaction may sit idle with its locks, and how long it waits for those of others. An ex-owner that is
   * paused inside a commit is thrown out by the first, and the next owner has not given up by then.
   */
  async #begin(connection: DatabaseTransactionConnection, mode: StatementMode, lease: Lease, idleMs: number): Promise<void> {
    const { schema } = this.#db
    const { fence } = await connection.one(statement(mode, `${schema}_subscription_begin`, Begun)`
      select (select p.fence from ${sql.identifier([schema, 'subscription_partitions'])} p
               where p.name = ${lease.key.name} and p.generation = ${lease.key.generation}::int and p.partition = ${lease.partition}::int) as fence,
             set_config('idle_in_transaction_session_timeout', ${String(idleMs)}, true) as idle,
             set_config('lock_timeout', ${String(2 * idleMs)}, true) as lock`)
    // Not the check that counts, but it spares the rows.
    if (fence !== lease.fence) throw new LeaseLostError(lease.key.name, lease.partition)
  }

  #statement(mode: StatementMode, { key, partition, fence }: Lease, { commits }: Tally, columns: ProgressColumns): QuerySqlToken {
    const { schema } = this.#db
    return statement(mode, `${schema}_subscription_commit`, Nothing)`
      select ${sql.identifier([schema])}.subscription_commit(${key.name}, ${key.generation}::int, ${partition}::int, ${fence}::bigint,
        ${commits}::bigint, ${columns.checkpoint}::bigint, ${columns.park}::jsonb, ${columns.unpark}::bigint[]) as done`
  }

  /** Whether a commit stands whose answer was lost. @throws DatabaseUnavailableError when that cannot be found out; no later one can take its place then */
  async #tookEffect(lease: Lease, tally: Tally): Promise<boolean> {
    const { fence, commits } = await this.#outcome(lease).catch((error: unknown) => {
      // What cannot be found out is no failure of the events.
      throw isCairnError(error) ? new DatabaseUnavailableError('the outcome of a commit', error) : error
    })
    // Then somebody else goes on from what stands, whichever it is.
    if (fence !== lease.fence || commits === null) throw new LeaseLostError(lease.key.name, lease.partition)
    return commits > tally.commits
  }

  /** A process that was paused finds its connection gone, and often its lease too: that is what it must know. */
  async #assertHeld(lease: Lease, cause: unknown): Promise<void> {
    const outcome = await this.#outcome(lease, oneTryMs).catch((error: unknown) => {
      // Nothing was committed, so nothing hangs on this.
      if (isCairnError(error)) throw new DatabaseUnavailableError('a commit', cause)
      throw error
    })
    if (outcome.fence !== lease.fence) throw new LeaseLostError(lease.key.name, lease.partition)
  }

  /** A lease that was taken by another store object. */
  async #lookUp(lease: Lease): Promise<Tally> {
    const { fence, commits, kind } = await this.#outcome(lease)
    if (fence !== lease.fence || commits === null || kind === null) throw new LeaseLostError(lease.key.name, lease.partition)
    return this.counts.set(lease.key, lease.partition, { fence, commits, kind, idleMs: defaultIdleMs })
  }

  async #outcome({ key, partition }: Lease, retryForMs: number = this.#db.options.retryForMs): Promise<z.output<typeof Outcome>> {
    const { pools, gates, schema } = this.#db
    return retryWhileUnavailable('the outcome of a commit', retryForMs, () =>
      gates.worker.run(() =>
        pools.worker.one(sql.type(Outcome)`
          select fence, commits, kind
            from ${sql.identifier([schema])}.subscription_commits(${key.name}, ${key.generation}::int, ${partition}::int)`),
      ),
    )
  }

  async #fault(point: FaultPoint, { key, partition }: Lease): Promise<void> {
    await this.#faults(point, { name: key.name, generation: key.generation, partition })
  }
}

/** @throws whatever shows that the connection is gone; one in a failed transaction answers, if only to refuse */
async function assertConnected(connection: DatabaseTransactionConnection): Promise<void> {
  try {
    await connection.query(sql.type(Nothing)`select 1 as one`)
  } catch (error) {
    if (isConnectionFailure(error)) throw error
  }
}

function isLost(error: unknown): boolean {
  return sqlStateOf(error) === 'ZC005'
}

/** Whether all statements of such a subscription's effects are Cairn's. */
function areCairnsAlone(kind: SubscriptionKind): boolean {
  return kind === 'projection' || kind === 'process-manager'
}

function refusalOf(error: unknown, lease: Lease, columns: ProgressColumns, translate: typeof translateError): unknown {
  switch (sqlStateOf(error)) {
    case 'ZC005':
      return new LeaseLostError(lease.key.name, lease.partition)
    case 'ZC006':
      return new InvalidInputError('checkpoint', `The checkpoint of ${lease.key.name} cannot move back to ${columns.checkpoint}.`)
    default:
      return translate(error, 'a commit')
  }
}
