import { setTimeout as sleep } from 'node:timers/promises'
import { DatabaseUnavailableError, InvalidInputError, silentLogger, type LoggerPort } from '@cairn/core'
import { Client } from 'pg'
import { isConnectionFailure } from '../connection/sql-state.ts'
import { assertSchemaName, defaultSchema } from '../schema/schema-name.ts'

const dayMs = 86_400_000
/** setTimeout takes no more. */
const longestTimerMs = 2_147_483_647

export interface ReceiptRetentionOptions {
  /** A member of the schema's maintenance role (CAIRN_MAINTENANCE_URL). */
  readonly url: string
  /** @default 'cairn' */
  readonly schema?: string | undefined
  /** How long a receipt is kept, milliseconds: as long as a command may be sent again and must find its first result. @default 90 days */
  readonly keepForMs?: number | undefined
  /** Pause between two runs, milliseconds. @default 1 hour */
  readonly everyMs?: number | undefined
  /** Receipts removed in one transaction. @default 2_000 */
  readonly batchSize?: number | undefined
  readonly logger?: LoggerPort | undefined
}

/**
 * Removes receipts of commands and appends that took effect longer ago than they are kept for. After that the same command
 * id would run again. Commands that wait, are under way or failed stay. Several processes may do this at once.
 */
export class ReceiptRetention {
  readonly #options: Required<{ [K in keyof ReceiptRetentionOptions]: NonNullable<ReceiptRetentionOptions[K]> }>
  #stopping = new AbortController()
  #running: Promise<void> | undefined

  constructor(options: ReceiptRetentionOptions) {
    const { url, schema = defaultSchema, keepForMs = 90 * dayMs, everyMs = 3_600_000, batchSize = 2_000, logger = silentLogger } = options
    assertSchemaName(schema)
    for (const [field, value] of Object.entries({ keepForMs, everyMs, batchSize })) assertPositive(field, value)
    if (everyMs > longestTimerMs) throw new InvalidInputError('everyMs', `everyMs must be at most ${longestTimerMs}, not ${everyMs}.`)
    this.#options = { url, schema, keepForMs, everyMs, batchSize, logger }
  }

  /** Runs now and then every `everyMs`, until stopped. A run that fails is logged, and the next one comes in its time. */
  start(): void {
    this.#running ??= this.#repeat()
  }

  /** Ends after the batch under way. May be started again. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
    this.#running = undefined
    this.#stopping = new AbortController()
  }

  /**
   * Removes all that is old enough, in batches, with a pause after each as long as it took.
   * @returns how many
   * @throws DatabaseUnavailableError
   */
  async runOnce(): Promise<number> {
    const { url, schema, keepForMs, batchSize, logger } = this.#options
    const { signal } = this.#stopping
    const client = new Client({
      connectionString: url,
      application_name: 'cairn retention',
      connectionTimeoutMillis: 5_000,
      query_timeout: 60_000,
    })
    client.on('error', () => undefined)
    let removed = 0
    try {
      await client.connect()
      while (!signal.aborted) {
        const started = performance.now()
        const { rows } = await client.query<{ removed: number }>(
          `select ${schema}.remove_receipts(now() - $1 * interval '1 millisecond', $2) as removed`,
          [keepForMs, batchSize],
        )
        const batch = rows[0]?.removed ?? 0
        removed += batch
        if (batch < batchSize) break
        await sleep(performance.now() - started, undefined, { signal }).catch(() => undefined)
      }
    } catch (error) {
      throw isConnectionFailure(error) ? new DatabaseUnavailableError('removing receipts', error) : error
    } finally {
      await client.end()
    }
    if (removed > 0) logger.info(`${removed} old receipts were removed`, { component: 'receipt-retention', schema, removed })
    return removed
  }

  async #repeat(): Promise<void> {
    const { everyMs, schema, logger } = this.#options
    const { signal } = this.#stopping
    while (!signal.aborted) {
      try {
        await this.runOnce()
      } catch (error) {
        logger.warn('old receipts could not be removed', { component: 'receipt-retention', schema, error })
      }
      await sleep(everyMs, undefined, { signal, ref: false }).catch(() => undefined)
    }
  }
}

function assertPositive(field: string, value: number): void {
  if (Number.isSafeInteger(value) && value > 0) return
  throw new InvalidInputError(field, `${field} must be a whole number above 0, not ${value}.`)
}
