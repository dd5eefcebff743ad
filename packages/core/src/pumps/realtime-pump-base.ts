import { DefinitionError, InvalidInputError, StoppedError } from '../errors/index.ts'
import { silentLogger, type LoggerPort } from '../ports/index.ts'
import { defaultFailurePolicy, type FailurePolicy } from '../subscriptions/failure-policy.ts'
import { resolveFailurePolicy } from '../subscriptions/resolve-failure-policy.ts'
import { assertSubscriptionName } from '../subscriptions/subscription-name.ts'
import type { PumpChange, PumpConfig } from './pump-config.ts'
import { parsePumpFilter, type PumpFilter } from './pump-filter.ts'
import type { PumpDelivery, PumpIntake, PumpSourcePort, RunningPump } from './pump-source.port.ts'
import type { PumpCounters, PumpState, PumpStatus } from './pump-status.ts'

export interface PumpServices {
  /** Where rows come from; `createCairn` gives those of its database. */
  readonly source: PumpSourcePort
  /** @default silent */
  readonly logger?: LoggerPort | undefined
}

const maxBatchSize = 10_000
/** Rows that are lost are worse than rows that come late. */
const patient: FailurePolicy = {
  ...defaultFailurePolicy,
  retry: { ...defaultFailurePolicy.retry, attempts: Infinity },
  onExhausted: 'stop',
}

/**
 * Takes rows as they change and hands them on in batches: in order, one batch at a time, none lost. Subclass it, or configure it.
 * Its position is kept under the channel's name, so it goes on where it was, in this process or another.
 */
export class RealtimePumpBase<Row = unknown> {
  readonly channel: string
  readonly #config: PumpConfig<Row>
  readonly #source: PumpSourcePort
  readonly #logger: LoggerPort
  readonly #batchSize: number
  readonly #filter: PumpFilter | undefined
  readonly #failure: FailurePolicy
  readonly #counters: { -readonly [K in keyof PumpCounters]: number } = { skipped: 0, processed: 0, failed: 0, retried: 0 }
  #state: PumpState = 'stopped'
  #error: unknown
  #sourceError: unknown
  #batchError: unknown
  #starting: Promise<RunningPump> | undefined
  /** The end of an earlier run: its rows and those of the next must not mix. */
  #stopping: Promise<void> | undefined

  /** @throws InvalidInputError, DefinitionError naming what is wrong in the configuration */
  constructor(config: PumpConfig<Row>, { source, logger = silentLogger }: PumpServices) {
    const { channel, batchSize = 50, eventSpec } = config
    assertSubscriptionName(channel)
    if (!Number.isSafeInteger(batchSize) || batchSize < 1 || batchSize > maxBatchSize) {
      throw new InvalidInputError('batchSize', `batchSize must be a whole number from 1 to ${maxBatchSize}, not ${batchSize}.`)
    }
    const { retry, onExhausted } = config
    const refuse = (problem: string): DefinitionError => new DefinitionError(`Pump "${channel}" ${problem}.`, { channel })
    this.#failure = resolveFailurePolicy({ retry, onExhausted }, refuse, patient)
    this.channel = channel
    this.#config = config
    this.#source = source
    this.#logger = logger.child({ component: 'pump', channel })
    this.#batchSize = batchSize
    this.#filter = eventSpec.filter === undefined ? undefined : parsePumpFilter(eventSpec.filter)
  }

  get status(): PumpStatus {
    return { channel: this.channel, state: this.#state, error: this.#error, counters: { ...this.#counters } }
  }

  /**
   * Resolves when the pump has found its source and place: what changes from now on reaches it.
   * @throws InvalidInputError, SubscriptionChangedError, SubscriptionVersionError, DatabaseUnavailableError; it may be started again
   */
  async start(): Promise<void> {
    if (this.#starting === undefined) {
      const starting = this.#open(this.#stopping)
      this.#starting = starting
      // Before whoever waits for it is told.
      starting.catch(() => {
        if (this.#starting === starting) this.#starting = undefined
      })
    }
    await this.#starting
  }

  /** Ends when the batch under way is done and its place is stored. It may be started again, at once too: that waits for the end. */
  async stop(): Promise<void> {
    const running = this.#starting
    if (running !== undefined) {
      this.#starting = undefined
      const stopping = this.#close(running)
      this.#stopping = stopping
      const forget = (): void => {
        if (this.#stopping === stopping) this.#stopping = undefined
      }
      stopping.then(forget, forget)
    }
    await this.#stopping
  }

  async #close(running: Promise<RunningPump>): Promise<void> {
    try {
      const { stop } = await running.catch(() => ({ stop: async () => undefined }))
      await stop()
    } finally {
      this.#move('stopped', undefined)
      this.#logger.info(`Pump ${this.channel} has stopped.`, { ...this.#counters })
    }
  }

  async #open(stopping: Promise<void> | undefined): Promise<RunningPump> {
    if (stopping !== undefined) await stopping.catch(() => undefined)
    this.#sourceError = undefined
    this.#batchError = undefined
    this.#move('starting', undefined)
    try {
      const running = await this.#source.open(this.#intake())
      this.#settle()
      this.#logger.info(`Pump ${this.channel} has started.`)
      return { stop: () => running.stop() }
    } catch (error) {
      this.#move('error', error)
      throw error
    }
  }

  #intake(): PumpIntake {
    const { eventSpec, from = 'end', version = 1 } = this.#config
    return {
      channel: this.channel,
      eventSpec,
      filter: this.#filter,
      batchSize: this.#batchSize,
      from,
      version,
      failure: this.#failure,
      logger: this.#logger,
      deliver: (changes, delivery) => this.#deliver(changes, delivery),
      trouble: (error) => {
        this.#sourceError = error
        this.#settle()
      },
    }
  }

  async #deliver(changes: readonly PumpChange[], { attempt, pass, signal }: PumpDelivery): Promise<void> {
    if (this.#batchError !== undefined) this.#counters.retried++
    try {
      const { validate, processBatch } = this.#config
      if (changes.length > this.#batchSize) throw new RangeError(`A source gave ${changes.length} rows to a pump of ${this.#batchSize}.`)
      // What a row is, is the configuration's to say.
      const typed = changes.map((change) => change as PumpChange<Row>)
      const wanted = validate === undefined ? typed : typed.filter(({ row }) => validate(row))
      if (wanted.length > 0) {
        const rows = wanted.map(({ row }) => row)
        await processBatch(rows, { changes: wanted, attempt, pass, signal })
      }
      this.#counters.skipped += changes.length - wanted.length
      this.#counters.processed += wanted.length
      this.#batchError = undefined
      this.#settle()
    } catch (error) {
      this.#counters.failed++
      this.#batchError = error ?? new StoppedError(`Pump ${this.channel}`)
      this.#settle()
      this.#logger.warn(`A batch of pump ${this.channel} failed; its rows come again.`, { error, rows: changes.length, attempt })
      throw error
    }
  }

  #settle(): void {
    if (this.#starting === undefined) return
    const error = this.#sourceError ?? this.#batchError
    this.#move(error === undefined ? 'subscribed' : 'error', error)
  }

  #move(state: PumpState, error: unknown): void {
    if (state === this.#state && error === this.#error) return
    this.#state = state
    this.#error = error
    try {
      this.#config.onStatus?.(state, error)
    } catch (failure) {
      this.#logger.warn(`onStatus of pump ${this.channel} failed.`, { error: failure })
    }
  }
}
