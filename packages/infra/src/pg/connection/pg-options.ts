import { InvalidInputError, silentLogger, type LoggerPort } from '@cairn/core'
import { assertSchemaName, defaultSchema } from '../schema/schema-name.ts'

export interface PgOptions {
  /** The application's login (DATABASE_URL): a member of the schema's app role, never a superuser (but see `roles`). */
  readonly url: string
  /** The background readers' login (CAIRN_WORKER_URL): a member of the worker role. @default `url`, where its login may take that role */
  readonly workerUrl?: string | undefined
  /** @default 'cairn' */
  readonly schema?: string | undefined
  /** What `migrate` reported, 64 hex digits (CAIRN_CONTEXT_KEY). @default read from the database, where the login may become the owner */
  readonly contextKey?: string | undefined
  /**
   * 'login': the logins have the roles and nothing else. 'switch', for development: one powerful login, and each connection
   * takes its role when it connects; a statement could leave it again.
   * @default 'switch' where the login is no superuser and a member of several of the roles, else 'login'
   */
  readonly roles?: 'login' | 'switch' | undefined
  /** Connections for transactions and users' SQL. @default 5 */
  readonly poolSize?: number | undefined
  /** Connections for reading the log in the background and for what subscriptions write; as many again for handlers' SQL. At least 2. @default 4 */
  readonly workerPoolSize?: number | undefined
  /** Where hints of new events are listened for: past a pooler like PgBouncer, through which LISTEN hears nothing. @default `workerUrl`, else `url` */
  readonly listenUrl?: string | undefined
  /** How long a call waits for a free connection, or behind batches none of which comes back, milliseconds. @default 10_000 */
  readonly acquireTimeoutMs?: number | undefined
  /** How long an append waits for a stream that another transaction holds, milliseconds. @default 30_000 */
  readonly holdTimeoutMs?: number | undefined
  /** How long calls are tried again while the database is away, milliseconds. @default 15_000 */
  readonly retryForMs?: number | undefined
  /**
   * How long a statement of Cairn's own may go without an answer before its connection counts as lost, milliseconds; for one that
   * waits for a held stream, `holdTimeoutMs` more. The call is then tried again for `retryForMs`. A statement of a user's own
   * (`withTenant`, `app.transaction`) may take as long as it needs, unless the server does not answer anybody: it is asked on
   * another connection each time so long has passed. @default 30_000
   */
  readonly queryTimeoutMs?: number | undefined
  /** Largest payload of an event, bytes of UTF-8. @default 1_048_576 */
  readonly maxPayloadBytes?: number | undefined
  /** Wakes readers in other processes after appends. @default true */
  readonly hints?: boolean | undefined
  readonly logger?: LoggerPort | undefined
}

/** Every option with its value. */
export type ResolvedPgOptions = {
  readonly [K in Exclude<keyof PgOptions, 'workerUrl' | 'contextKey' | 'roles'>]-?: NonNullable<PgOptions[K]>
} & Pick<PgOptions, 'workerUrl' | 'contextKey' | 'roles'>

/** @throws InvalidInputError naming the field */
export function resolvePgOptions(options: PgOptions): ResolvedPgOptions {
  assertUrl('url', options.url)
  if (options.workerUrl !== undefined) assertUrl('workerUrl', options.workerUrl)
  if (options.listenUrl !== undefined) assertUrl('listenUrl', options.listenUrl)
  const workerPoolSize = positive('workerPoolSize', options.workerPoolSize ?? 4)
  // One of them is never taken by a commit, so that heartbeats and reads go on.
  if (workerPoolSize < 2) throw new InvalidInputError('workerPoolSize', 'workerPoolSize must be 2 or more, not 1.')
  const schema = options.schema ?? defaultSchema
  assertSchemaName(schema)
  return Object.freeze({
    url: options.url,
    workerUrl: options.workerUrl,
    schema,
    contextKey: options.contextKey,
    roles: options.roles,
    poolSize: positive('poolSize', options.poolSize ?? 5),
    workerPoolSize,
    listenUrl: options.listenUrl ?? options.workerUrl ?? options.url,
    acquireTimeoutMs: positive('acquireTimeoutMs', options.acquireTimeoutMs ?? 10_000),
    holdTimeoutMs: positive('holdTimeoutMs', options.holdTimeoutMs ?? 30_000),
    retryForMs: positive('retryForMs', options.retryForMs ?? 15_000),
    queryTimeoutMs: positive('queryTimeoutMs', options.queryTimeoutMs ?? 30_000),
    maxPayloadBytes: positive('maxPayloadBytes', options.maxPayloadBytes ?? 1_048_576),
    hints: options.hints ?? true,
    logger: options.logger ?? silentLogger,
  })
}

function assertUrl(field: string, value: string): void {
  if (!URL.canParse(value) || !/^postgres(ql)?:$/.test(new URL(value).protocol)) {
    throw new InvalidInputError(field, `${field} must be a PostgreSQL address like postgres://user:password@host:5432/database.`)
  }
}

function positive(field: string, value: number): number {
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new InvalidInputError(field, `${field} must be a whole number above 0, not ${value}.`)
}
