import {
  HandledTypes,
  isCairnError,
  StoppedError,
  waitForCommand,
  type Command,
  type JobSchedulerPort,
  type LoggerPort,
  type StoredCommand,
} from '@cairn/core'
import { HintSender } from '../pg/append/hint-sender.ts'
import { CommandWaiters } from './command-waiters.ts'
import { Feeder } from './feeder.ts'
import { HandOver } from './hand-over.ts'
import { HandedCommands } from './handed-commands.ts'
import { installJobs } from './install-jobs.ts'
import { JobWorker } from './job-worker.ts'
import { OutcomeWriter } from './outcome-writer.ts'
import { openBoss, type RunningBoss } from './open-boss.ts'
import type { PgBossContext } from './pg-boss.ts'
import type { ResolvedPgBossOptions } from './pg-boss-options.ts'

type Context = PgBossContext & { readonly logger: LoggerPort }

/**
 * Carries stored commands out as jobs of pg-boss, in the same database. The rows are the truth: `consumed` means handed to pg-boss,
 * and a job only says which rows are to be looked at. A command takes effect once, whatever happens to jobs and workers, because its
 * receipt is in the log with its events.
 */
export class PgBossScheduler implements JobSchedulerPort {
  readonly #context: Context
  readonly #options: ResolvedPgBossOptions
  readonly #waiters = new CommandWaiters()
  readonly #hints: HintSender
  readonly #stopping = new AbortController()
  #ready: Promise<void> | undefined
  #feeder: Feeder | undefined
  #boss: RunningBoss | undefined
  #stopped: Promise<void> | undefined

  constructor(context: Context, options: ResolvedPgBossOptions) {
    this.#context = { ...context, logger: context.logger.child({ component: 'pg-boss' }) }
    this.#options = options
    this.#hints = new HintSender(context.db)
  }

  /**
   * Begins to hand commands over and to carry them out, unless others do.
   * @throws SchemaVersionError, UnsafeDatabaseError, DatabaseUnavailableError
   */
  start(): Promise<void> {
    if (this.#ready === undefined) {
      this.#ready = this.#options.worker ? this.#start() : Promise.resolve()
      // Whoever does not ask hears of it from `schedule`.
      this.#ready.catch((error: unknown) => this.#context.logger.error('The scheduler did not start.', { error }))
    }
    return this.#ready
  }

  /**
   * @throws CommandIdReusedError when the id was used with other content
   * @throws StoppedError when the scheduler is stopped meanwhile; the command goes on by itself where others carry commands out
   * @throws as `start`
   */
  async schedule(command: Command): Promise<StoredCommand> {
    this.#stopping.signal.throwIfAborted()
    await this.start()
    const { commands } = this.#context
    const stored = await commands.upsert(command)
    if (stored.status === 'processed' || stored.status === 'failed') return stored
    // Where this process hands nothing over, another hears of it.
    if (this.#feeder === undefined) this.#hints.send()
    else this.#feeder.ring()
    const { tenantId, id } = stored.command
    return waitForCommand(commands, tenantId, id, {
      timeoutMs: Number.POSITIVE_INFINITY,
      hints: this.#waiters.of(tenantId, id),
      signal: this.#stopping.signal,
    })
  }

  /** Withdraws a command that was not handed over. */
  cancel(tenantId: string, commandId: string): Promise<boolean> {
    return this.#context.commands.withdraw(tenantId, commandId)
  }

  /** Hands nothing over any more, lets what is under way end, and gives the rest back. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #start(): Promise<void> {
    const { db, bus, registry, due, hints, label = `pid ${process.pid}`, logger } = this.#context
    const options = this.#options
    const jobsSchema = options.schema ?? `${db.schema}_jobs`
    const owner = `pg-boss ${jobsSchema}.${options.queue}`
    await this.#install(jobsSchema)
    if (this.#stopping.signal.aborted) return
    const handed = new HandedCommands(db, owner)
    const outcomes = new OutcomeWriter(due, owner, logger, (written) => {
      this.#waiters.wake(written)
      // What comes behind them may be handed over now.
      this.#feeder?.ring()
    })
    const handledTypes = new HandledTypes({ registry, bus })
    const worker = new JobWorker({ bus, handledTypes, handed, outcomes, options, stopping: this.#stopping.signal, logger })
    const running = await openBoss({ db, jobsSchema, options, logger, work: (jobs) => worker.work(jobs) })
    this.#boss = running
    const handOver = new HandOver({ db, boss: running.boss, schema: jobsSchema, queue: options.queue, owner })
    const handedOver = (): void => running.wake()
    this.#feeder = new Feeder({
      due,
      registry,
      handledTypes,
      hints,
      handOver,
      handed,
      owner,
      label,
      jobsSchema,
      options,
      handedOver,
      logger,
    })
    this.#feeder.start()
  }

  async #install(jobsSchema: string): Promise<void> {
    const { db, ownerUrl, logger } = this.#context
    if (!this.#options.migrate) return
    const { schema } = db
    try {
      await installJobs({ url: ownerUrl ?? db.options.url, schema, jobsSchema, options: this.#options, logger })
    } catch (error) {
      if (ownerUrl !== undefined || !isCairnError(error, 'CAIRN_UNSAFE_DATABASE')) throw error
      logger.debug(`The login may not make the schema ${jobsSchema}; it is used as it is.`, { error })
    }
  }

  async #stop(): Promise<void> {
    this.#stopping.abort(new StoppedError('The scheduler'))
    await this.#ready?.catch(() => undefined)
    await this.#feeder?.stop()
    await this.#boss?.stop()
    await this.#hints.drained()
  }
}
