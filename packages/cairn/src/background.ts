import {
  InvalidInputError,
  processManagerConsumer,
  processManagerSubscription,
  resolveStart,
  StoppedError,
  SubscriptionEngine,
  UnknownSubscriptionError,
  waitForCommand,
  WaitTimeoutError,
  type CommandStorePort,
  type Consumer,
  type Generation,
  type LoggerPort,
  type ProjectionDefinition,
  type ProcessManagerDefinition,
  type RecordedEvent,
  type Registry,
  type StepServices,
  type StoredCommand,
  type SubscriptionKey,
  type WaitOptions,
} from '@cairn/core'
import { rebuild, type ProjectionHost, type RebuildOptions, type RebuildOutcome, type RebuildReport } from '@cairn/projections'
import type { Backend, BackgroundPorts } from './backend.ts'
import type { ResolvedCairnOptions } from './cairn-options.ts'
import { isNotAllowed } from './is-not-allowed.ts'
import { appProjectionHost } from './projections/app-projection-host.ts'
import { buildInline } from './projections/build-inline.ts'
import { ProjectionRunner } from './projections/projection-runner.ts'
import { stepServices } from './processes/step-services.ts'
import type { Scheduling } from './scheduling/scheduling.ts'

const defaultWaitMs = 5_000
/** How often a wait looks which generation is live. */
const lookAgainMs = 500

/** What an app does beside answering its callers: projections, subscriptions and process managers on one engine, and stored commands. */
export class Background {
  readonly engine: SubscriptionEngine
  readonly ports: BackgroundPorts
  /** False where this process leaves the work to others. */
  readonly enabled: boolean
  readonly #registry: Registry
  readonly #host: ProjectionHost | undefined
  readonly #runner: ProjectionRunner | undefined
  readonly #inline: readonly ProjectionDefinition[]
  readonly #commands: CommandStorePort
  readonly #scheduling: Scheduling
  readonly #logger: LoggerPort
  readonly #stepServices: StepServices
  readonly #maxPayloadBytes: number
  readonly #ending = new AbortController()
  readonly #ended = new AbortController()

  constructor(options: ResolvedCairnOptions, registry: Registry, { background: ports, commands, store }: Backend, scheduling: Scheduling) {
    const { logger } = options
    const settings = options.background ?? {}
    const { cacheRows, cacheBytes, build = true, commands: _, ...engine } = settings
    this.ports = ports
    this.enabled = options.background !== undefined
    this.#registry = registry
    this.#commands = commands
    this.#logger = logger.child({ component: 'projections' })
    this.engine = new SubscriptionEngine({
      ...engine,
      reader: ports.reader,
      store: ports.subscriptions,
      hints: ports.hints,
      lift: (event: RecordedEvent) => registry.upcast(event),
      knows: (type: string) => registry.hasEvent(type),
      logger,
    })
    this.#host = appProjectionHost(registry, ports, { logger: this.#logger, faults: settings.faults })
    this.#inline = registry.projections.filter(({ mode }) => mode === 'inline')
    const mayBuild = this.#host !== undefined && build && options.migrate
    this.#runner = this.enabled
      ? new ProjectionRunner({
          definitions: registry.projections.filter(({ mode }) => mode === 'async'),
          source: ports.generations,
          rows: ports.rows,
          add: (consumer) => this.add(consumer),
          remove: (key) => this.engine.remove(key),
          build: mayBuild ? (projection, signal) => this.#build(projection, signal) : undefined,
          logger: this.#logger,
          cacheRows,
          cacheBytes,
        })
      : undefined
    this.#scheduling = scheduling
    this.#maxPayloadBytes = options.maxPayloadBytes
    this.#stepServices = stepServices(options, registry, store)
  }

  /**
   * Finds, makes and checks what the projections need, and begins to feed them, to run process managers and to carry out commands.
   * @throws SubscriptionChangedError, SubscriptionVersionError, ProjectionNotBuiltError
   */
  async start(): Promise<void> {
    for (const definition of this.#inline) {
      await buildInline({ definition, source: this.ports.generations, build: () => this.#build(definition.name), logger: this.#logger })
    }
    await this.#runner?.start()
    if (this.enabled) for (const definition of this.#registry.processManagers) await this.#run(definition)
    await this.#scheduling.start()
  }

  /** Commits what is under way and gives the partitions back. Rebuilds stop at their next commit, and are gone on with later. */
  async stop(): Promise<void> {
    this.#ending.abort(new StoppedError('The app'))
    const drained = this.#scheduling.stopTaking()
    // From the last to the first, and each, also where one before it failed.
    await using endings = new AsyncDisposableStack()
    // What is waited for now does not come from here any more.
    endings.defer(() => this.#ended.abort(new StoppedError('The app')))
    endings.defer(() => this.#scheduling.stop())
    endings.defer(() => drained)
    endings.defer(() => this.engine.stop())
    endings.defer(() => this.#runner?.stop())
  }

  /** Runs a consumer. The engine starts with the first one: an app without any reads no log. */
  async add(consumer: Consumer): Promise<void> {
    this.assertEnabled()
    await this.asWorker(() => this.engine.add(consumer))
    await this.engine.start()
  }

  async #run(definition: ProcessManagerDefinition): Promise<void> {
    const { reader, instances } = this.ports
    const startAfter = await this.asWorker(() => resolveStart(reader, definition.from))
    const name = processManagerSubscription(definition.name)
    const theirs = this.#scheduling.consumers?.find(({ spec }) => spec.key.name === name)
    if (theirs !== undefined) return this.add({ ...theirs, spec: { ...theirs.spec, startAfter } })
    const maxPayloadBytes = this.#maxPayloadBytes
    await this.add(processManagerConsumer(definition, { ...this.#stepServices, instances, maxPayloadBytes, startAfter }))
  }

  /** @throws InvalidInputError that says what to do, where this login has not the worker's role */
  async asWorker<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (!isNotAllowed(error)) throw error
      throw new InvalidInputError(
        'workerUrl',
        "Background work is done as the worker role, which this login does not have. Name the worker's login (workerUrl, CAIRN_WORKER_URL), or leave the work to other processes: background: false.",
        { reason: error instanceof Error ? error.message : String(error) },
      )
    }
  }

  /** @throws InvalidInputError in a process that leaves the work to others */
  assertEnabled(): void {
    if (this.enabled) return
    throw new InvalidInputError(
      'background',
      'This app was started with background: false. Subscribe in a process that runs background work.',
    )
  }

  /** @throws WaitTimeoutError, UnknownProjectionError, UnknownSubscriptionError while it is not built */
  async waitFor(position: number, names: readonly string[], options: WaitOptions): Promise<void> {
    const definitions = names.map((name) => this.#registry.projection(name))
    if (position === 0) return
    // The rows of an inline projection are there when the append returns.
    const waited = definitions.filter(({ mode }) => mode === 'async')
    const { timeoutMs = defaultWaitMs } = options
    const deadline = performance.now() + timeoutMs
    for (;;) {
      // Looked up again and again: what is live may be switched while it is waited for, and then be fed no more.
      const keys = await Promise.all(waited.map(({ name }) => this.#liveKey(name)))
      const left = Math.max(0, deadline - performance.now())
      try {
        await this.waitForKeys(position, keys, { ...options, timeoutMs: Math.min(left, lookAgainMs) })
        return
      } catch (error) {
        if (!(error instanceof WaitTimeoutError)) throw error
        if (left <= lookAgainMs) throw new WaitTimeoutError(position, error.behind, timeoutMs)
      }
    }
  }

  /** @throws WaitTimeoutError, StoppedError when the app is stopped meanwhile */
  waitForKeys(position: number, keys: readonly SubscriptionKey[], options: WaitOptions = {}): Promise<void> {
    const signal = options.signal === undefined ? this.#ended.signal : AbortSignal.any([options.signal, this.#ended.signal])
    return this.engine.waitFor(position, keys, { ...options, signal })
  }

  /** @throws CommandWaitTimeoutError, StoppedError when the app is stopped meanwhile */
  waitForCommand(tenantId: string, commandId: string, timeoutMs: number | undefined): Promise<StoredCommand> {
    return waitForCommand(this.#commands, tenantId, commandId, { timeoutMs, signal: this.#ended.signal })
  }

  /** The subscription that a name stands for: of a projection, the one that feeds its live generation. @throws UnknownSubscriptionError */
  async keyOf(name: string): Promise<SubscriptionKey> {
    const live = await this.#live(name)
    if (live !== undefined) return { name, generation: live.generation }
    const key = { name, generation: 1 }
    if ((await this.ports.subscriptions.get(key)) !== undefined) return key
    const stored = await this.ports.subscriptions.list()
    throw new UnknownSubscriptionError(name, [...new Set(stored.map((status) => status.key.name))])
  }

  async #liveKey(name: string): Promise<SubscriptionKey> {
    const live = await this.#live(name)
    if (live === undefined) throw new UnknownSubscriptionError(name, this.#registry.projectionNames)
    return { name, generation: live.generation }
  }

  async #live(name: string): Promise<Generation | undefined> {
    return (await this.ports.generations.generations(name)).find(({ state }) => state === 'live')
  }

  /** @throws as `Cairn.rebuild` */
  async rebuild(options: RebuildOptions): Promise<RebuildReport> {
    if (this.#host === undefined) throw new InvalidInputError('database', 'There is nothing to rebuild in memory.')
    const signal = options.signal === undefined ? this.#ending.signal : AbortSignal.any([options.signal, this.#ending.signal])
    const report = await rebuild(this.#host, { ...options, signal })
    // What is live now is fed at once, not at the next look.
    await this.#runner?.look()
    return report
  }

  async #build(projection: string, signal?: AbortSignal): Promise<RebuildOutcome> {
    const { outcomes } = await this.rebuild({ names: [projection], outdated: true, signal })
    const [outcome] = outcomes
    if (outcome === undefined) throw new TypeError(`The build of ${projection} was left without an outcome.`)
    return outcome
  }
}
