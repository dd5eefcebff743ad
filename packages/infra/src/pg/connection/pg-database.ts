import { UnsafeDatabaseError } from '@cairn/core'
import { createPgDriverFactory } from '@slonik/pg-driver'
import { createPool, type DatabasePool } from 'slonik'
import { inspectDatabase, type DatabaseFacts } from '../schema/inspect-database.ts'
import { rolesOf } from '../schema/schema-name.ts'
import { ContextSigner } from './context-signer.ts'
import { Gate } from './gate.ts'
import { safeInt8, userTypeParsers } from './type-parsers.ts'
import { resolvePgOptions, type PgOptions, type ResolvedPgOptions } from './pg-options.ts'

/** Two batches of appends and two of loads at the most: these never wait for anything else. */
const logConnections = 4
/** Appends that wait for a stream somebody else holds. */
const asideConnections = 4
const readConnections = 4
const workerConnections = 2

export interface PgPools {
  readonly log: DatabasePool
  readonly aside: DatabasePool
  readonly read: DatabasePool
  /** Transactions and users' SQL: the only connections whose session state is reset after use. */
  readonly user: DatabasePool
  readonly worker: DatabasePool
}

/** An open database: pools by purpose, and the gates that keep each from queueing for ever. Made by `openPg`. */
export interface PgDatabase {
  readonly options: ResolvedPgOptions
  readonly schema: string
  readonly signer: ContextSigner
  readonly pools: PgPools
  readonly gates: { readonly [K in 'aside' | 'read' | 'user' | 'worker']: Gate }
  /** What the boot check found. */
  readonly facts: DatabaseFacts
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
  const open = async (address: string, size: number, reset: boolean): Promise<DatabasePool> => {
    const pool = await createPool(address, {
      driverFactory: createPgDriverFactory(),
      maxPoolSize: size,
      // Cairn's own statements leave no session state behind; DISCARD ALL after each would halve the throughput and drop the prepared statements.
      ...(reset ? { typeParsers: userTypeParsers } : { resetConnection: () => Promise.resolve(), typeParsers: [safeInt8] }),
      // Batches are sent from whatever async context filled them, a user's transaction included.
      dangerouslyAllowForeignConnections: true,
      // Retries are ours: only what is idempotent is sent again.
      queryRetryLimit: 0,
      transactionRetryLimit: 0,
      connectionRetryLimit: 0,
      connectionTimeout: 5_000,
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
      log: await open(url, logConnections, false),
      aside: await open(url, asideConnections, false),
      read: await open(url, readConnections, false),
      user: await open(url, resolved.poolSize, true),
      worker: await open(workerUrl, workerConnections, false),
    }
    const gate = (size: number): Gate => new Gate(size, resolved.acquireTimeoutMs)
    return {
      options: resolved,
      schema,
      signer: new ContextSigner(facts.contextKey),
      pools,
      gates: { aside: gate(asideConnections), read: gate(readConnections), user: gate(resolved.poolSize), worker: gate(workerConnections) },
      facts,
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
