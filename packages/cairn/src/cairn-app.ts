import {
  CommandBus,
  commandLogging,
  EventBus,
  eventLogging,
  isAsync,
  silentLogger,
  StoppedError,
  TenantMissingError,
  WaitTimeoutError,
  type AggregateDefinition,
  type AsyncDispatchOptions,
  type CommandStorePort,
  type Domain,
  type Dispatched,
  type ExpectedVersion,
  type JobSchedulerPort,
  type NewCommand,
  type PendingCommand,
  type Policies,
  type PumpConfig,
  type PumpServices,
  type RealtimePumpBase,
  type RecordedEvent,
  type Registry,
  type StoredCommand,
  type TransactionOptions,
  type WaitOptions,
} from '@cairn/core'
import type { Actor } from '@cairn/infra/pg'
import type { RebuildReport } from '@cairn/projections'
import type { AppDispatchOptions } from './app-dispatch-options.ts'
import type { AppRebuildOptions } from './app-rebuild-options.ts'
import type { Backend, DatabaseInfo } from './backend.ts'
import { Background } from './background.ts'
import { cairnTransaction, type CairnTransaction } from './cairn-transaction.ts'
import type { Cairn } from './cairn.ts'
import { ClosingGate } from './closing-gate.ts'
import type { ResolvedCairnOptions } from './cairn-options.ts'
import type { StateOf, StreamName } from './cairn-types.ts'
import { formatCursor, parseCursor } from './cursor.ts'
import { eventHistory } from './event-history.ts'
import { healthOf, healthWhenDown, type Health } from './health.ts'
import { stateAt, type LoadedState, type LoadStateOptions } from './load-state.ts'
import type { ProcessControl, ProcessCount } from './processes/process-control.ts'
import { StoredProcessControl } from './processes/stored-process-control.ts'
import type { WaitForCommandOptions } from './processes/wait-for-command-options.ts'
import { AppPumps } from './pumps/app-pumps.ts'
import type { ReadModelOf, ReadOptions } from './read-model.ts'
import { StoredEventLog } from './stored-event-log.ts'
import { storedReadModel } from './stored-read-model.ts'
import { Scheduling } from './scheduling/scheduling.ts'
import type { AppSubscription } from './subscriptions/app-subscription.ts'
import { StoredSubscriptionControl } from './subscriptions/stored-subscription-control.ts'
import { follow, type EventFollower, type FollowHandler } from './subscriptions/follow.ts'
import { subscribe } from './subscriptions/subscribe.ts'
import type { SubscribeFrom, SubscribeHandler, SubscribeOptions } from './subscriptions/subscribe-options.ts'
import type { SubscriptionControl } from './subscriptions/subscription-control.ts'
import type { TenantSql } from './tenant-sql.ts'

/** An app, wired. Its types are those of any domain; `createCairn` narrows them. */
export class CairnApp implements Cairn {
  readonly events: StoredEventLog
  readonly bus: EventBus
  readonly commandBus: CommandBus
  readonly commands: CommandStorePort
  readonly scheduler: JobSchedulerPort
  readonly registry: Registry
  readonly policies: Policies
  readonly database: DatabaseInfo
  readonly subscriptions: SubscriptionControl
  readonly processes: ProcessControl
  readonly pumpServices: PumpServices
  readonly #pumps: AppPumps
  readonly #backend: Backend
  readonly #background: Background
  readonly #scheduling: Scheduling
  readonly #defaultTenantId: string | undefined
  readonly #stuckAfterMs: number | undefined
  readonly #inFlight = new ClosingGate('The app')
  #stopped: Promise<void> | undefined

  constructor(options: ResolvedCairnOptions, registry: Registry, backend: Backend) {
    const { logger, policies, defaultTenantId } = options
    const { store, commands, info } = backend
    this.registry = registry
    this.policies = policies
    this.commands = commands
    this.database = info
    this.#backend = backend
    this.bus = new EventBus({ logger, history: eventHistory(store, registry, defaultTenantId) })
    this.commandBus = new CommandBus({
      ...options.commands,
      store,
      models: registry.aggregates,
      eventBus: this.bus,
      policies,
      defaultTenantId,
      aggregateCache: options.aggregateCache,
      lift: (event) => registry.upcast(event),
      logger,
    })
    if (logger !== silentLogger) {
      this.commandBus.use(commandLogging(logger))
      this.bus.use(eventLogging(logger))
    }
    for (const middleware of options.middleware) this.commandBus.use(middleware)
    this.#scheduling = new Scheduling(options, registry, backend, this.commandBus)
    this.scheduler = this.#scheduling.scheduler
    this.events = new StoredEventLog({ store, registry, bus: this.bus, logger, inFlight: this.#inFlight, defaultTenantId })
    this.#defaultTenantId = defaultTenantId
    this.#stuckAfterMs = options.stuckAfterMs
    this.#background = new Background(options, registry, backend, this.#scheduling)
    this.#pumps = new AppPumps({ background: this.#background, registry, bus: this.commandBus, schema: options.schema, logger })
    this.pumpServices = this.#pumps.services
    const guard = <T>(work: () => Promise<T>): Promise<T> => this.#inFlight.run(work)
    this.subscriptions = new StoredSubscriptionControl(this.#background, guard)
    this.processes = new StoredProcessControl(backend.background.instances, guard)
  }

  /** Begins what goes on in the background. @throws as `createCairn` */
  async start(): Promise<void> {
    try {
      await this.#background.start()
    } catch (error) {
      await this.#background.stop()
      throw error
    }
  }

  dispatch(command: NewCommand, options: AsyncDispatchOptions): Promise<PendingCommand>
  dispatch(command: NewCommand, options?: AppDispatchOptions): Promise<Dispatched>
  async dispatch(command: NewCommand, options: AppDispatchOptions | AsyncDispatchOptions = {}): Promise<Dispatched | PendingCommand> {
    this.#inFlight.assertRunning()
    if (isAsync(options)) return this.commandBus.dispatch(command, options)
    const dispatched = await this.commandBus.dispatch(command, options)
    if (options.waitFor !== undefined) await this.#waitForStored(dispatched.position, options.waitFor, options.waitTimeoutMs)
    return dispatched
  }

  async transaction<T>(options: TransactionOptions, work: (tx: CairnTransaction) => Promise<T>): Promise<T> {
    this.#inFlight.assertRunning()
    return this.commandBus.transaction(options, (tx) => work(cairnTransaction(tx, () => this.#backend.sqlOf(tx.store))))
  }

  load<A extends AggregateDefinition>(aggregate: A, aggregateId: string, options: LoadStateOptions = {}): Promise<LoadedState<StateOf<A>>> {
    return this.#inFlight.run(async () => {
      const model = this.registry.aggregate(aggregate.events.$aggregate)
      const stream = this.events.key({ tenantId: options.tenantId, aggregateType: model.aggregateType, aggregateId })
      const past = options.version !== undefined || options.until !== undefined
      const { state, version } = past
        ? await stateAt(this.#backend.store, model, stream, options)
        : await this.commandBus.repository.load(model, stream)
      return { state: state as StateOf<A>, version }
    })
  }

  withTenant<T>(tenantId: string, work: (sql: TenantSql) => Promise<T>, actor: Actor = {}): Promise<T> {
    return this.#inFlight.run(() => this.#backend.withTenant(tenantId, work, actor))
  }

  waitFor(position: number, names: string | readonly string[] = this.registry.projectionNames, options: WaitOptions = {}): Promise<void> {
    const list = typeof names === 'string' ? [names] : names
    return this.#inFlight.run(() => this.#background.waitFor(position, list, options))
  }

  waitForCommand(commandId: string, options: WaitForCommandOptions = {}): Promise<StoredCommand> {
    const { tenantId = this.#defaultTenantId, timeoutMs } = options
    return this.#inFlight.run(() => {
      if (tenantId === undefined) throw new TenantMissingError(`Command ${commandId}`)
      return this.#background.waitForCommand(tenantId, commandId, timeoutMs)
    })
  }

  readModel<N extends string>(table: N, { tenantId = this.#defaultTenantId, role, userId }: ReadOptions = {}): ReadModelOf<Domain, N> {
    if (tenantId === undefined) throw new TenantMissingError(`Table ${table}`)
    const guard = <T>(work: () => Promise<T>): Promise<T> => this.#inFlight.run(work)
    return storedReadModel(this.#backend.readModels, { tenantId, role, userId }, table, guard)
  }

  rebuild(names: string | readonly string[], options: AppRebuildOptions = {}): Promise<RebuildReport> {
    const list = typeof names === 'string' ? [names] : names
    return this.#inFlight.run(() => this.#background.rebuild({ ...options, names: list }))
  }

  subscribe<P extends string>(
    name: string,
    options: SubscribeOptions<RecordedEvent, P>,
    handler: SubscribeHandler<RecordedEvent, P>,
  ): Promise<AppSubscription> {
    return this.#inFlight.run(() => subscribe(this.#background, this.registry, name, options, handler))
  }

  follow<P extends string>(
    options: { readonly types?: P | readonly P[] | undefined; readonly from?: SubscribeFrom | undefined },
    handler: FollowHandler<RecordedEvent, P>,
  ): Promise<EventFollower> {
    return this.#inFlight.run(() => follow(this.#background, this.registry, options, handler))
  }

  pump<Row>(config: PumpConfig<Row>): Promise<RealtimePumpBase<Row>> {
    return this.#inFlight.run(() => this.#pumps.start(config))
  }

  cursor(position: number): Promise<string> {
    return this.#inFlight.run(async () => formatCursor({ logId: await this.#background.ports.reader.logId(), position }))
  }

  parseCursor(cursor: string): Promise<number> {
    return this.#inFlight.run(async () => parseCursor(cursor, await this.#background.ports.reader.logId()).position)
  }

  async health(): Promise<Health> {
    try {
      const { kind } = this.#scheduling
      const [status, unreachable, stuck] = await this.#inFlight.run(() =>
        Promise.all([this.#background.engine.status(), this.#scheduling.unreachable(), this.#stuck()]),
      )
      return healthOf(status, { kind, unreachable }, stuck, this.#pumps.problems())
    } catch (error) {
      return healthWhenDown(error)
    }
  }

  existsAll(streams: readonly StreamName[]): Promise<boolean> {
    return this.#inFlight.run(() => this.#backend.store.existsAll(streams.map((stream) => this.events.key(stream))))
  }

  existsOne(streams: readonly StreamName[]): Promise<boolean> {
    return this.#inFlight.run(() => this.#backend.store.existsOne(streams.map((stream) => this.events.key(stream))))
  }

  close(stream: StreamName, expected: ExpectedVersion = 'exists'): Promise<void> {
    return this.#inFlight.run(() => this.#backend.store.close(this.events.key(stream), expected))
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  /** @throws WaitTimeoutError also when the app is stopped meanwhile: "it takes no new work" would say that the command was not taken */
  async #waitForStored(position: number, names: string | readonly string[], timeoutMs: number | undefined): Promise<void> {
    const started = performance.now()
    try {
      await this.waitFor(position, names, { timeoutMs })
    } catch (error) {
      if (!(error instanceof StoppedError)) throw error
      throw new WaitTimeoutError(position, [], Math.round(performance.now() - started), error)
    }
  }

  async #stuck(): Promise<readonly ProcessCount[]> {
    if (this.#stuckAfterMs === undefined) return []
    return this.processes.count({ status: 'running', quietSince: new Date(Date.now() - this.#stuckAfterMs) })
  }

  async #stop(): Promise<void> {
    // Handlers that are at work end first: they may still use the app, and nobody else may.
    this.#inFlight.close()
    try {
      await this.#pumps.stop()
      await this.#background.stop()
      await Promise.all([this.commandBus.stop(), this.#inFlight.stop()])
    } finally {
      await this.#backend.close()
    }
  }
}
