import {
  InProcessScheduler,
  InvalidInputError,
  StoredScheduler,
  type CommandBus,
  type Consumer,
  type JobSchedulerPort,
  type LoggerPort,
  type Registry,
} from '@cairn/core'
import type { Backend } from '../backend.ts'
import type { ResolvedCairnOptions } from '../cairn-options.ts'
import { CommandWork, type CommandWorkOptions } from '../processes/command-work.ts'
import { stepServices } from '../processes/step-services.ts'
import { handOver } from './hand-over.ts'
import type { RunningScheduler, SchedulerSetup } from './scheduler-setup.ts'

/** What a scheduler outside of the table is given at once. */
const handOverDefaults: CommandWorkOptions = { concurrency: 100, batchSize: 500 }

/** An app's scheduler, and how stored commands get to it. */
export class Scheduling {
  readonly kind: string
  readonly scheduler: JobSchedulerPort
  /** The process managers, where the scheduler runs their steps. */
  readonly consumers: readonly Consumer[] | undefined
  readonly #work: CommandWork | undefined
  readonly #running: RunningScheduler | undefined
  readonly #stored: StoredScheduler | undefined
  #failure: string | undefined
  readonly #check: (() => Promise<void>) | undefined

  /** @param bus carries stored commands out */
  constructor(options: ResolvedCairnOptions, registry: Registry, backend: Backend, bus: CommandBus) {
    const { scheduler, logger, background: settings } = options
    const { store, commands, background: ports } = backend
    this.kind = typeof scheduler === 'string' ? scheduler : scheduler.kind
    this.#running = typeof scheduler === 'string' ? undefined : start(scheduler, options, registry, backend, bus)
    this.#stored = scheduler === 'postgres' ? new StoredScheduler({ store, commands, hints: ports.hints }) : undefined
    this.scheduler = this.#running?.scheduler ?? this.#stored ?? new InProcessScheduler(commands, bus, logger)
    this.consumers = this.#running?.consumers
    this.#check = this.#running?.check?.bind(this.#running)
    // An app starts without its scheduler; what is wrong is told by `health`.
    this.#running?.ready.catch((error: unknown) => {
      this.#failure = error instanceof Error ? error.message : String(error)
      componentOf(logger).error(`The scheduler ${this.kind} did not start.`, { error })
    })
    const { carryOut, commandTypes: types } = this.#running ?? {}
    // A scheduler outside that is given nothing finds by itself what is due.
    if (settings === undefined || settings.commands === false || (this.#running !== undefined && carryOut === undefined)) return
    const { label, pollMs, leaseMs, commands: named = true } = settings
    const handed = this.#running && carryOut && { ...handOver(this.#running, carryOut, componentOf(logger)), types, ...handOverDefaults }
    const { due, hints } = ports
    const given = named === true ? {} : named
    this.#work = new CommandWork({ due, bus, registry, hints, label, logger }, { pollMs, leaseMs, ...handed, ...given })
  }

  /** Begins to take what is due. */
  async start(): Promise<void> {
    await this.#work?.start()
  }

  /** Takes nothing that is due any more, and resolves when what was taken has ended. */
  async stopTaking(): Promise<void> {
    await this.#work?.stop()
  }

  /** After the consumers of process managers. */
  async stop(): Promise<void> {
    this.#stored?.stop()
    await this.#running?.stop()
  }

  /** Why the scheduler cannot be reached; undefined when it can, or needs nobody. */
  async unreachable(): Promise<string | undefined> {
    try {
      await this.#check?.()
      return this.#failure
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }
}

function start(
  setup: SchedulerSetup,
  options: ResolvedCairnOptions,
  registry: Registry,
  { info, store, commands, background: ports, pg }: Backend,
  bus: CommandBus,
): RunningScheduler {
  if (pg === undefined) throw new InvalidInputError('scheduler', `scheduler ${setup.kind} needs a database.`)
  const { logger, background } = options
  const horizon = async (): Promise<number> => (await ports.reader.head()).horizon
  return setup.start({
    bus,
    registry,
    commands,
    due: ports.due,
    hints: ports.hints,
    batches: pg.batches,
    processes: {
      definitions: registry.processManagers,
      transactions: ports.instances,
      ...stepServices(options, registry, store, horizon),
      async readEvent(stream, version) {
        for await (const event of store.readStream(stream, { fromVersion: version, toVersion: version })) return registry.upcast(event)
        return undefined
      },
    },
    database: info,
    db: pg.db,
    ownerUrl: pg.ownerUrl,
    label: background?.label,
    background: background !== undefined,
    logger,
  })
}

function componentOf(logger: LoggerPort): LoggerPort {
  return logger.child({ component: 'scheduler' })
}
