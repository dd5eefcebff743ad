import { InvalidInputError, nearest, Policies, silentLogger } from '@cairn/core'
import type { CommandMiddleware, DecisionOptions, Domain, LoggerPort, NamingConvention } from '@cairn/core'
import type { PgOptions } from '@cairn/infra/pg'
import type { BackgroundOptions } from './background-options.ts'
import { schedulerOf } from './scheduling/scheduler-option.ts'
import type { SchedulerOption } from './scheduling/scheduler-setup.ts'

export interface CairnOptions<D extends Domain = Domain> {
  /** What the app is about; at least one. */
  readonly domains: readonly D[]
  /**
   * Where the log is kept: the address of a PostgreSQL (15 or newer), `'embedded'` for one of our own on a data folder,
   * or `'memory'` for tests. `'embedded'`, also where it is named, gives way to DATABASE_URL, else SUPABASE_DB_URL, from the
   * environment where one is set. @default 'embedded'
   */
  readonly database?: string | undefined
  /** The folder of the embedded database. @default '.cairn/postgres' in the working directory */
  readonly dataDir?: string | undefined
  /** The schema for Cairn's tables. @default 'cairn' */
  readonly schema?: string | undefined
  /** The background readers' address. @default CAIRN_WORKER_URL beside DATABASE_URL, else the database's */
  readonly workerUrl?: string | undefined
  /** The address of a login that may migrate. @default CAIRN_OWNER_URL beside DATABASE_URL, else the database's, where its login may */
  readonly ownerUrl?: string | undefined
  /** Where hints of new events are listened for, past a pooler like PgBouncer. @default CAIRN_LISTEN_URL or SUPABASE_DB_URL beside DATABASE_URL, else the background readers' */
  readonly listenUrl?: string | undefined
  /**
   * The address of a login that removes old receipts, by the hour. @default CAIRN_MAINTENANCE_URL beside DATABASE_URL; the
   * embedded database's own; else none, and receipts are kept
   */
  readonly maintenanceUrl?: string | undefined
  /** How long the receipt of a command is kept, days: after that the same id would run again. @default 90 */
  readonly keepReceiptsForDays?: number | undefined
  /** Signs tenant contexts: 64 hex digits, as the migration reported them. @default CAIRN_CONTEXT_KEY beside DATABASE_URL, else read where the login may */
  readonly contextKey?: string | undefined
  /** False never migrates at the start: the schema must be up to date. @default true, where the login may */
  readonly migrate?: boolean | undefined
  /** How connections get their roles; see `PgOptions.roles`. @default found out at the start */
  readonly roles?: 'login' | 'switch' | undefined
  /** Further settings of the PostgreSQL connections. */
  readonly pg?:
    | Pick<PgOptions, 'poolSize' | 'workerPoolSize' | 'acquireTimeoutMs' | 'holdTimeoutMs' | 'queryTimeoutMs' | 'retryForMs' | 'hints'>
    | undefined
  /**
   * Whether this process feeds projections, runs subscriptions and process managers and carries out stored commands, and how. False: it dispatches and reads, and leaves that to
   * others. @default true
   */
  readonly background?: boolean | BackgroundOptions | undefined
  /**
   * Who carries out stored commands, timers and process managers. 'postgres': this app's processes, out of the table.
   * 'in-process': the same, but `app.scheduler` runs its commands here and at once. Or one that is set up by itself,
   * `temporal({ … })` say. @default 'postgres' on a database, 'in-process' in memory
   */
  readonly scheduler?: SchedulerOption | undefined
  /**
   * `app.health()` names process managers with instances that wait and had no event for so long, milliseconds: more than the longest
   * that one may wait by design. @default off
   */
  readonly stuckAfterMs?: number | undefined
  /** For calls that name no tenant. @default none: such calls are refused */
  readonly defaultTenantId?: string | undefined
  /** @default silent */
  readonly logger?: LoggerPort | undefined
  /** Who may send which command. @default everybody everything */
  readonly policies?: Policies | undefined
  /** Around every command, the first one outermost. @default none */
  readonly middleware?: readonly CommandMiddleware[] | undefined
  /** How many aggregates to remember between commands. @default 0, none */
  readonly aggregateCache?: number | undefined
  /** Largest payload of an event or a command, bytes of UTF-8. @default 1_048_576 */
  readonly maxPayloadBytes?: number | undefined
  /** How types are spelled; mixing is refused. @default 'domain.action' */
  readonly naming?: NamingConvention | undefined
  /** Limits of deciding commands: attempts, retries, groups; `audit` keeps each command's payload with its receipt. */
  readonly commands?: DecisionOptions | undefined
}

export interface ResolvedCairnOptions<D extends Domain = Domain> {
  readonly domains: readonly D[]
  readonly database: string
  readonly dataDir: string
  readonly schema: string
  readonly workerUrl: string | undefined
  readonly ownerUrl: string | undefined
  readonly listenUrl: string | undefined
  readonly maintenanceUrl: string | undefined
  readonly keepReceiptsForDays: number
  readonly contextKey: string | undefined
  readonly migrate: boolean
  readonly roles: 'login' | 'switch' | undefined
  readonly pg: NonNullable<CairnOptions['pg']>
  /** Undefined: none. */
  readonly background: BackgroundOptions | undefined
  readonly scheduler: SchedulerOption
  readonly stuckAfterMs: number | undefined
  readonly defaultTenantId: string | undefined
  readonly logger: LoggerPort
  readonly policies: Policies
  readonly middleware: readonly CommandMiddleware[]
  readonly aggregateCache: number
  readonly maxPayloadBytes: number
  readonly naming: NamingConvention
  readonly commands: DecisionOptions
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Checks the options and fills in defaults and the environment. The environment names a database as a whole (DATABASE_URL,
 * CAIRN_WORKER_URL, CAIRN_OWNER_URL, CAIRN_MAINTENANCE_URL, CAIRN_LISTEN_URL, CAIRN_CONTEXT_KEY) and takes the place of `'embedded'`.
 * SUPABASE_DB_URL, the direct address of a Supabase project's database, stands in for DATABASE_URL; beside it, it is where hints are
 * listened for, because DATABASE_URL then leads, as a rule, through a pooler. The environment never replaces or completes another
 * database: a test does not write into, or migrate, the database of the shell that it runs in.
 * @throws InvalidInputError naming the field
 */
export function resolveCairnOptions<D extends Domain>(options: CairnOptions<D>, env: Environment = process.env): ResolvedCairnOptions<D> {
  refuseUnknown(options)
  if (!Array.isArray(options.domains) || options.domains.length === 0) {
    throw refuse('domains', 'needs at least one domain, made by defineDomain(…)')
  }
  const { database = 'embedded' } = options
  const fromEnvironment = database === 'embedded' ? (variable(env, 'DATABASE_URL') ?? variable(env, 'SUPABASE_DB_URL')) : undefined
  const addresses = fromEnvironment === undefined ? {} : env
  const where = databaseOf(fromEnvironment ?? database)
  return Object.freeze({
    domains: options.domains,
    database: where,
    dataDir: text('dataDir', options.dataDir ?? '.cairn/postgres'),
    schema: text('schema', options.schema ?? 'cairn'),
    workerUrl: options.workerUrl ?? variable(addresses, 'CAIRN_WORKER_URL'),
    ownerUrl: options.ownerUrl ?? variable(addresses, 'CAIRN_OWNER_URL'),
    maintenanceUrl: options.maintenanceUrl ?? variable(addresses, 'CAIRN_MAINTENANCE_URL'),
    keepReceiptsForDays: wholeNumber('keepReceiptsForDays', options.keepReceiptsForDays ?? 90, 1),
    listenUrl: options.listenUrl ?? variable(addresses, 'CAIRN_LISTEN_URL') ?? variable(addresses, 'SUPABASE_DB_URL'),
    contextKey: options.contextKey ?? variable(addresses, 'CAIRN_CONTEXT_KEY'),
    migrate: options.migrate ?? true,
    roles: options.roles,
    pg: options.pg ?? {},
    background: backgroundOf(options.background ?? true),
    scheduler: schedulerOf(options.scheduler, where),
    stuckAfterMs: options.stuckAfterMs === undefined ? undefined : wholeNumber('stuckAfterMs', options.stuckAfterMs, 1),
    defaultTenantId: options.defaultTenantId === undefined ? undefined : text('defaultTenantId', options.defaultTenantId),
    logger: options.logger ?? silentLogger,
    policies: options.policies ?? new Policies(),
    middleware: options.middleware ?? [],
    aggregateCache: wholeNumber('aggregateCache', options.aggregateCache ?? 0, 0),
    maxPayloadBytes: wholeNumber('maxPayloadBytes', options.maxPayloadBytes ?? 1_048_576, 1),
    naming: options.naming ?? 'domain.action',
    commands: options.commands ?? {},
  })
}

const known: Readonly<Record<keyof CairnOptions, true>> = {
  domains: true,
  database: true,
  dataDir: true,
  schema: true,
  workerUrl: true,
  ownerUrl: true,
  listenUrl: true,
  maintenanceUrl: true,
  keepReceiptsForDays: true,
  contextKey: true,
  migrate: true,
  roles: true,
  pg: true,
  background: true,
  scheduler: true,
  stuckAfterMs: true,
  defaultTenantId: true,
  logger: true,
  policies: true,
  middleware: true,
  aggregateCache: true,
  maxPayloadBytes: true,
  naming: true,
  commands: true,
}

function refuseUnknown(options: object): void {
  for (const field of Object.keys(options)) {
    if (field in known) continue
    const near = nearest(field, Object.keys(known))
    throw refuse(field, `is no option of createCairn${near === undefined ? '' : `; did you mean "${near}"?`}`)
  }
}

function backgroundOf(value: boolean | BackgroundOptions): BackgroundOptions | undefined {
  if (typeof value === 'boolean') return value ? {} : undefined
  if (typeof value === 'object' && value !== null) return value
  throw refuse('background', 'must be true, false, or options')
}

function databaseOf(value: string): string {
  if (value === 'memory' || value === 'embedded') return value
  if (URL.canParse(value) && /^postgres(ql)?:$/.test(new URL(value).protocol)) return value
  throw refuse('database', `must be 'embedded', 'memory', or an address like postgres://user:password@host:5432/database`)
}

function variable(env: Environment, name: string): string | undefined {
  const value = env[name]
  return value === '' ? undefined : value
}

function text(field: string, value: string): string {
  if (typeof value === 'string' && value !== '') return value
  throw refuse(field, 'must be text, and not empty')
}

function wholeNumber(field: string, value: number, min: number): number {
  if (Number.isSafeInteger(value) && value >= min) return value
  throw refuse(field, `must be a whole number from ${min} on, not ${String(value)}`)
}

function refuse(field: string, what: string): InvalidInputError {
  return new InvalidInputError(field, `${field} ${what}.`)
}
