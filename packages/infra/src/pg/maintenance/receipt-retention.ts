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
  /** How long a command that failed is kept, milliseconds. @default for ever */
  readonly keepFailedForMs?: number | undefined
  /** How long changes of watched tables are kept that every pump has read, milliseconds. @default 1 day */
  readonly keepChangesForMs?: number | undefined
  /** Pause between two runs, milliseconds. @default 1 hour */
  readonly everyMs?: number | undefined
  /** Receipts removed in one transaction. @default 2_000 */
  readonly batchSize?: number | undefined
  readonly logger?: LoggerPort | undefined
}

/**
 * Removes receipts of commands and appends that took effect longer ago than they are kept for. After that the same command
 * id would run again. With them go commands that were cancelled as long ago. Commands that wait or are under way stay, and so do
 * failed ones, unless it says how long. Changes of watched tables go when every pump has read them. Several processes may do this at once.
 */
export class ReceiptRetention {
  readonly #options: Required<{
    [K in Exclude<keyof ReceiptRetentionOptions, 'keepFailedForMs'>]: NonNullable<ReceiptRetentionOptions[K]>
  }> & {
    readonly keepFailedForMs: number | undefined
  }
  #stopping = new AbortController()
  #running: Promise<void> | undefined

  constructor(options: ReceiptRetentionOptions) {
    const { url, schema = defaultSchema, keepForMs = 90 * dayMs, keepChangesForMs = dayMs, everyMs = 3_600_000 } = options
    const { batchSize = 2_000, logger = silentLogger } = options
    assertSchemaName(schema)
    for (const [field, value] of Object.entries({ keepForMs, keepChangesForMs, everyMs, batchSize })) assertPositive(field, value)
    const { keepFailedForMs } = options
    if (keepFailedForMs !== undefined) assertPositive('keepFailedForMs', keepFailedForMs)
    if (everyMs > longestTimerMs) throw new InvalidInputError('everyMs', `everyMs must be at most ${longestTimerMs}, not ${everyMs}.`)
    this.#options = { url, schema, keepForMs, keepFailedForMs, keepChangesForMs, everyMs, batchSize, logger }
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
    const { url, schema, keepForMs, keepFailedForMs, keepChangesForMs, logger } = this.#options
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
      removed += await this.#remove(client, `remove_receipts(now() - $1 * interval '1 millisecond', $2)`, keepForMs)
      removed += await this.#remove(client, `remove_finished_commands(now() - $1 * interval '1 millisecond', $2, false)`, keepForMs)
      if (keepFailedForMs !== undefined) {
        removed += await this.#remove(client, `remove_finished_commands(now() - $1 * interval '1 millisecond', $2, true)`, keepFailedForMs)
      }
      removed += await this.#remove(client, `remove_changes(now() - $1 * interval '1 millisecond', $2)`, keepChangesForMs)
    } catch (error) {
      throw isConnectionFailure(error) ? new DatabaseUnavailableError('removing receipts', error) : error
    } finally {
      await client.end()
    }
    if (removed > 0) logger.info(`${removed} old receipts and changes were removed`, { component: 'receipt-retention', schema, removed })
    return removed
  }

  /** In batches, with a pause after each as long as it took. */
  async #remove(client: Client, call: string, olderThanMs: number): Promise<number> {
    const { schema, batchSize } = this.#options
    const { signal } = this.#stopping
    for (let removed = 0; ;) {
      if (signal.aborted) return removed
      const started = performance.now()
      const { rows } = await client.query<{ removed: number }>(`select ${schema}.${call} as removed`, [olderThanMs, batchSize])
      const batch = rows[0]?.removed ?? 0
      removed += batch
      if (batch < batchSize) return removed
      await sleep(performance.now() - started, undefined, { signal }).catch(() => undefined)
    }
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
