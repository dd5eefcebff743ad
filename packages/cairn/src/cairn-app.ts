import {
  CommandBus,
  commandLogging,
  EventBus,
  eventLogging,
  InFlight,
  InProcessScheduler,
  silentLogger,
  type AggregateDefinition,
  type CommandStorePort,
  type Dispatched,
  type DispatchOptions,
  type ExpectedVersion,
  type JobSchedulerPort,
  type NewCommand,
  type Policies,
  type Registry,
  type TransactionOptions,
} from '@cairn/core'
import type { Actor } from '@cairn/infra/pg'
import type { Backend, DatabaseInfo } from './backend.ts'
import { cairnTransaction, type CairnTransaction } from './cairn-transaction.ts'
import type { Cairn } from './cairn.ts'
import type { ResolvedCairnOptions } from './cairn-options.ts'
import type { StateOf, StreamName } from './cairn-types.ts'
import { eventHistory } from './event-history.ts'
import { stateAt, type LoadedState, type LoadStateOptions } from './load-state.ts'
import { StoredEventLog } from './stored-event-log.ts'
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
  readonly #backend: Backend
  readonly #inFlight = new InFlight('The app')
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
    this.scheduler = new InProcessScheduler(commands, this.commandBus)
    this.events = new StoredEventLog({ store, registry, bus: this.bus, inFlight: this.#inFlight, defaultTenantId })
  }

  dispatch(command: NewCommand, options?: DispatchOptions): Promise<Dispatched> {
    return this.commandBus.dispatch(command, options)
  }

  transaction<T>(options: TransactionOptions, work: (tx: CairnTransaction) => Promise<T>): Promise<T> {
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

  async #stop(): Promise<void> {
    await Promise.all([this.commandBus.stop(), this.#inFlight.stop()])
    await this.#backend.close()
  }
}
