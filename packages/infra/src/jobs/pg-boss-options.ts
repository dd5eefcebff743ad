import { InvalidInputError } from '@cairn/core'

export interface PgBossOptions {
  /** The schema of pg-boss's own tables. @default the app's schema and `_jobs` */
  readonly schema?: string | undefined
  /** The queue that the commands go through. @default 'commands' */
  readonly queue?: string | undefined
  /** False: this process stores commands and waits for them; others carry them out. @default true */
  readonly worker?: boolean | undefined
  /** False: the schema of the jobs is used as it is, whatever the login may do. @default true */
  readonly migrate?: boolean | undefined
  /** Batches of jobs that are worked on at once. @default 2 */
  readonly workers?: number | undefined
  /** Jobs in a batch, of one aggregate each. @default 128 */
  readonly batchSize?: number | undefined
  /** Commands handed over in one transaction, 1..1,000. @default 256 */
  readonly handOver?: number | undefined
  /**
   * With so many jobs waiting, no further commands are handed over: they wait as rows, because a queue with an order per key costs
   * pg-boss a look at every waiting job each time it fetches some (measured: 1,000 of them, 20 to 80 ms). @default 256
   */
  readonly maxWaitingJobs?: number | undefined
  /** Due commands and jobs are looked for so often even if nothing wakes the scheduler, milliseconds, 500 or more. @default 500 */
  readonly pollMs?: number | undefined
  /** A worker that has not been heard of for so long is dead, and others take its jobs, seconds, 10 or more. @default 10 */
  readonly heartbeatSeconds?: number | undefined
  /** A job that has been under way for so long is taken by others, whatever its worker says, seconds. @default 900 */
  readonly expireSeconds?: number | undefined
  /** Jobs that are done are kept for so long, seconds; what became of a command stands in its row. @default 300 */
  readonly keepSeconds?: number | undefined
  /** What was handed over goes to other kinds of workers when no process of this scheduler has been alive for so long, milliseconds. @default 60_000 */
  readonly leaseMs?: number | undefined
  /** Tries of a command that fails for technical reasons, before it fails for good. Outages of the database do not count. @default 10 */
  readonly maxAttempts?: number | undefined
  /** Before the second try, milliseconds; doubles up to `maxRetryMs`. @default 200 */
  readonly retryMs?: number | undefined
  /** @default 60_000 */
  readonly maxRetryMs?: number | undefined
  /** A command of a type that no living worker knows waits so long for one that does, milliseconds: a rolling deploy. @default 60_000 */
  readonly unknownTypeGraceMs?: number | undefined
  /** Connections of pg-boss, beside those of the app. @default 4 */
  readonly poolSize?: number | undefined
  /** How long a stop waits for what is under way, milliseconds. @default 30_000 */
  readonly stopTimeoutMs?: number | undefined
}

export type ResolvedPgBossOptions = { readonly [K in Exclude<keyof PgBossOptions, 'schema'>]-?: NonNullable<PgBossOptions[K]> } & Pick<
  PgBossOptions,
  'schema'
>

/** Checks the options and fills in defaults. @throws InvalidInputError naming the field */
export function resolvePgBossOptions(options: PgBossOptions = {}): ResolvedPgBossOptions {
  const { schema, queue = 'commands' } = options
  // They stand in pg-boss's SQL as they are.
  if (schema !== undefined) assertName('schema', schema)
  assertName('queue', queue)
  return Object.freeze({
    schema,
    queue,
    worker: options.worker ?? true,
    migrate: options.migrate ?? true,
    workers: wholeNumber('workers', options.workers ?? 2, 1),
    batchSize: wholeNumber('batchSize', options.batchSize ?? 128, 1),
    handOver: wholeNumber('handOver', options.handOver ?? 256, 1, 1_000),
    maxWaitingJobs: wholeNumber('maxWaitingJobs', options.maxWaitingJobs ?? 256, 1),
    pollMs: wholeNumber('pollMs', options.pollMs ?? 500, 500),
    heartbeatSeconds: wholeNumber('heartbeatSeconds', options.heartbeatSeconds ?? 10, 10),
    expireSeconds: wholeNumber('expireSeconds', options.expireSeconds ?? 900, 1, 86_399),
    keepSeconds: wholeNumber('keepSeconds', options.keepSeconds ?? 300, 1),
    leaseMs: wholeNumber('leaseMs', options.leaseMs ?? 60_000, 1_000),
    maxAttempts: wholeNumber('maxAttempts', options.maxAttempts ?? 10, 1),
    retryMs: wholeNumber('retryMs', options.retryMs ?? 200, 1),
    maxRetryMs: wholeNumber('maxRetryMs', options.maxRetryMs ?? 60_000, 1),
    unknownTypeGraceMs: wholeNumber('unknownTypeGraceMs', options.unknownTypeGraceMs ?? 60_000, 0),
    poolSize: wholeNumber('poolSize', options.poolSize ?? 4, 2),
    stopTimeoutMs: wholeNumber('stopTimeoutMs', options.stopTimeoutMs ?? 30_000, 1_000),
  })
}

function assertName(field: string, value: string): void {
  if (/^[a-z][a-z0-9_]{0,45}$/.test(value) && !value.startsWith('pg_')) return
  throw new InvalidInputError(
    field,
    `${field} must be 1..46 lower-case letters, digits and underscores, starting with a letter, not "${value}".`,
  )
}

function wholeNumber(field: string, value: number, min: number, max = Number.MAX_SAFE_INTEGER): number {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value
  throw new InvalidInputError(
    field,
    `${field} must be a whole number from ${min}${max === Number.MAX_SAFE_INTEGER ? ' on' : ` to ${max}`}, not ${value}.`,
  )
}
