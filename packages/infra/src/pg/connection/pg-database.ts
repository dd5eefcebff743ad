import { UnsafeDatabaseError } from '@cairn/core'
import { createPool, type DatabasePool } from 'slonik'
import { inspectDatabase, type DatabaseFacts } from '../schema/inspect-database.ts'
import { rolesOf } from '../schema/schema-name.ts'
import { ContextSigner } from './context-signer.ts'
import { Gate } from './gate.ts'
import { createPgDriver, type Patience } from './pg-driver.ts'
import { resolvePgOptions, type PgOptions, type ResolvedPgOptions } from './pg-options.ts'
import { safeInt8, userTypeParsers } from './type-parsers.ts'

/** Two batches of appends and two of loads at the most: these never wait for anything else. */
const logConnections = 4
/** Appends that wait for a stream somebody else holds. */
const asideConnections = 4
const readConnections = 4
const connectTimeoutMs = 5_000
/** How long a connection that is given up may take to say goodbye. */
const closeTimeoutMs = 1_000

export interface PgPools {
  readonly log: DatabasePool
  readonly aside: DatabasePool
  readonly read: DatabasePool
  /** Transactions and users' SQL: connections whose session state is reset after use. */
  readonly user: DatabasePool
  /** Reading the log in the background, and what subscriptions keep and write. */
  readonly worker: DatabasePool
  /** The SQL of subscriptions' handlers: as the worker role, and reset after use like the user's. */
  readonly handler: DatabasePool
}

/** An open database: pools by purpose, and the gates that keep each from queueing for ever. Made by `openPg`. */
export interface PgDatabase {
  readonly options: ResolvedPgOptions
  readonly schema: string
  readonly signer: ContextSigner
  readonly pools: PgPools
  /** commit: transactions on the worker's pool, which leave one of its connections to everything else. */
  readonly gates: { readonly [K in 'aside' | 'read' | 'user' | 'worker' | 'commit' | 'handler']: Gate }
  /** What the boot check found. */
  readonly facts: DatabaseFacts
  /** The address whose connections are the worker role's, with its password. */
  readonly workerAddress: string
  close(): Promise<void>
}

/**
 * Opens the pools and refuses a database in which Cairn's guarantees would not hold.
 * @throws UnsafeDatabaseError, SchemaVersionError, ContextRefusedError, DatabaseUnavailableError
 */
export async function openPg(options: PgOptions): Promise<PgDatabase> {
  const resolved = resolvePgOptions(options)
  const { schema } = resolved
  const roles = rolesOf(schema)
  const facts = await inspectDatabase(resolved)
  if (facts.switchesRoles && resolved.roles === undefined) {
    resolved.logger.warn(
      `${facts.login} may take several of the schema's roles, so SQL could leave the application's. In production use one login per role, and say roles: 'login'.`,
      { component: 'pg', login: facts.login },
    )
  }
  const url = facts.switchesRoles ? withRole(resolved.url, roles.app) : resolved.url
  const workerUrl = resolved.workerUrl ?? (facts.switchesRoles ? withRole(resolved.url, roles.worker) : resolved.url)

  const opened: DatabasePool[] = []
  const fast: Patience = { queryTimeoutMs: resolved.queryTimeoutMs, onSilence: 'fail' }
  // These may wait in the database for a stream that somebody else holds, and are told there when the wait is over.
  const holding: Patience = { ...fast, queryTimeoutMs: resolved.holdTimeoutMs + resolved.queryTimeoutMs }
  const open = async (address: string, size: number, reset: boolean, patience: Patience): Promise<DatabasePool> => {
    const pool = await createPool(address, {
      driverFactory: createPgDriver(address, patience),
      maxPoolSize: size,
      // Cairn's own statements leave no session state behind; DISCARD ALL after each would halve the throughput and drop the prepared statements.
      ...(reset ? { typeParsers: userTypeParsers } : { resetConnection: () => Promise.resolve(), typeParsers: [safeInt8] }),
      // Batches are sent from whatever async context filled them, a user's transaction included.
      dangerouslyAllowForeignConnections: true,
      // Retries are ours: only what is idempotent is sent again.
      queryRetryLimit: 0,
      transactionRetryLimit: 0,
      connectionRetryLimit: 0,
      connectionTimeout: connectTimeoutMs,
      gracefulTerminationTimeout: closeTimeoutMs,
      idleTimeout: 60_000,
      // As startup parameters these do not pass PgBouncer; transactions set them for themselves.
      statementTimeout: 'DISABLE_TIMEOUT',
      idleInTransactionSessionTimeout: 'DISABLE_TIMEOUT',
    })
    opened.push(pool)
    return pool
  }

  try {
    const pools: PgPools = {
      log: await open(url, logConnections, false, fast),
      aside: await open(url, asideConnections, false, holding),
      read: await open(url, readConnections, false, fast),
      user: await open(url, resolved.poolSize, true, { ...fast, onSilence: 'ask' }),
      worker: await open(workerUrl, resolved.workerPoolSize, false, fast),
      handler: await open(workerUrl, resolved.workerPoolSize, true, { ...fast, onSilence: 'ask' }),
    }
    const gate = (size: number): Gate => new Gate(size, resolved.acquireTimeoutMs)
    return {
      options: resolved,
      schema,
      signer: new ContextSigner(facts.contextKey),
      pools,
      gates: {
        aside: gate(asideConnections),
        read: gate(readConnections),
        user: gate(resolved.poolSize),
        worker: gate(resolved.workerPoolSize),
        commit: gate(resolved.workerPoolSize - 1),
        handler: gate(resolved.workerPoolSize),
      },
      facts,
      workerAddress: workerUrl,
      close: () => endAll(opened),
    }
  } catch (error) {
    await endAll(opened)
    throw error
  }
}

async function endAll(pools: readonly DatabasePool[]): Promise<void> {
  await Promise.all(pools.map((pool) => pool.end()))
}

function withRole(address: string, role: string): string {
  const url = new URL(address)
  if (url.searchParams.has('options')) {
    throw new UnsafeDatabaseError(
      'The database address carries `options`, so connections cannot take their role with it.',
      'Use one login per role (roles: "login"), or leave the options out.',
    )
  }
  url.search = `${url.search === '' ? '?' : `${url.search}&`}options=${encodeURIComponent(`-c role=${role}`)}`
  return url.toString()
}
