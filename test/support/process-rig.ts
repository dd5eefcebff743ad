import {
  CommandBus,
  CommandWorker,
  processManagerConsumer,
  Registry,
  resolveStart,
  StoredHistory,
  SubscriptionEngine,
  uuidv7,
  waitForCommand,
  type CommandStorePort,
  type CommandWorkerOptions,
  type Domain,
  type DueCommandsPort,
  type EventStorePort,
  type FaultHook,
  type HintsPort,
  type LogReaderPort,
  type NewCommand,
  type ProcessInstance,
  type ProcessInstanceStorePort,
  type ProcessManagerDefinition,
  type ProcessTransactionsPort,
  type RecordedEvent,
  type StartPosition,
  type StepServices,
  type StoredCommand,
  type SubscriptionEngineOptions,
  type SubscriptionStorePort,
} from '@cairn/core'
import {
  InMemoryCommandStore,
  type InMemoryCommandStoreOptions,
  InMemoryEventStore,
  InMemoryHints,
  InMemoryLogReader,
  InMemoryProcessStore,
  InMemorySubscriptionStore,
} from '@cairn/infra/memory'

/** The stores that process managers and workers need, in memory or on PostgreSQL. */
export interface ProcessStores {
  readonly store: EventStorePort
  readonly commands: CommandStorePort
  readonly due: DueCommandsPort
  readonly instances: ProcessInstanceStorePort & ProcessTransactionsPort
  readonly reader: LogReaderPort
  readonly hints: HintsPort
  /** @param faults called inside commits */
  subscriptions(faults?: FaultHook): SubscriptionStorePort
  /** Writes a row as a client does that knows nothing of Cairn. */
  insert(row: { readonly tenantId: string; readonly type: string; readonly payload: unknown }): Promise<string>
}

export interface MemoryStores extends ProcessStores {
  readonly commands: InMemoryCommandStore
}

export function memoryStores(options: Pick<InMemoryCommandStoreOptions, 'maxPayloadBytes'> = {}): MemoryStores {
  const hints = new InMemoryHints()
  const send = (): void => hints.send()
  const commands = new InMemoryCommandStore(options)
  const instances = new InMemoryProcessStore(commands, send)
  const store = new InMemoryEventStore({ commands, appended: send })
  // One for all engines: it is the database.
  let faulty: FaultHook | undefined
  const subscriptions = new InMemorySubscriptionStore({
    commands,
    instances,
    enqueued: send,
    faults: (point, details) => faulty?.(point, details),
  })
  return {
    store,
    commands,
    due: commands.due,
    instances,
    reader: new InMemoryLogReader(store),
    hints,
    subscriptions(faults) {
      faulty = faults
      return subscriptions
    },
    insert: async (row) => commands.insert(row),
  }
}

export interface RigOptions {
  readonly domains: readonly Domain[]
  readonly processManagers?: readonly ProcessManagerDefinition[]
  readonly engine?: Partial<SubscriptionEngineOptions>
  readonly from?: StartPosition
}

/** One process of an app: a bus, an engine that runs process managers, and workers. */
export class ProcessRig {
  readonly stores: ProcessStores
  readonly registry: Registry
  readonly bus: CommandBus
  readonly engine: SubscriptionEngine
  readonly #options: RigOptions
  readonly #workers: CommandWorker[] = []

  constructor(stores: ProcessStores, options: RigOptions) {
    this.stores = stores
    this.#options = options
    this.registry = new Registry(options.domains)
    const { store, reader, hints } = stores
    this.bus = new CommandBus({ store, models: this.registry.aggregates, lift: (event) => this.registry.upcast(event) })
    this.engine = new SubscriptionEngine({
      reader,
      store: stores.subscriptions(options.engine?.faults),
      hints,
      lift: (event) => this.registry.upcast(event),
      knows: (type) => this.registry.hasEvent(type),
      leaseMs: 600,
      heartbeatMs: 60,
      pollMs: 30,
      outageMs: 5,
      lazyCheckpointMs: 20,
      ...options.engine,
    })
  }

  async start(options: Partial<CommandWorkerOptions> = {}): Promise<this> {
    const { from, processManagers = this.registry.processManagers } = this.#options
    for (const definition of processManagers) {
      const consumer = processManagerConsumer(definition, {
        instances: this.stores.instances,
        startAfter: await resolveStart(this.stores.reader, from ?? definition.from),
        ...this.services,
      })
      await this.engine.add(consumer)
    }
    await this.engine.start()
    this.work(options)
    return this
  }

  /** What the steps stand on. */
  get services(): StepServices {
    const { logger, observer } = this.#options.engine ?? {}
    const lift = (event: RecordedEvent): RecordedEvent => this.registry.upcast(event)
    return {
      schemaVersionOf: (type) => this.registry.command(type).schemaVersion,
      history: new StoredHistory({ store: this.stores.store, lift }),
      logger,
      observer,
    }
  }

  work(options: Partial<CommandWorkerOptions> = {}): CommandWorker {
    const { due, hints } = this.stores
    const worker = new CommandWorker({
      due,
      bus: this.bus,
      registry: this.registry,
      hints,
      pollMs: 20,
      // Where a worker dies its test says how soon others may take over; else a busy machine must not make it look dead.
      leaseMs: 20_000,
      retryMs: 20,
      ...options,
    })
    worker.start()
    this.#workers.push(worker)
    return worker
  }

  send(command: NewCommand, tenantId = 'acme') {
    return this.bus.dispatch(command, { tenantId })
  }

  wait(id: string, tenantId = 'acme', timeoutMs = 30_000): Promise<StoredCommand> {
    return waitForCommand(this.stores.commands, tenantId, id, { timeoutMs })
  }

  async allCommands(tenantId = 'acme'): Promise<readonly StoredCommand[]> {
    const all: StoredCommand[] = []
    for (;;) {
      const after = all.at(-1)?.command.id
      const page = await this.stores.commands.query({ tenantId, limit: 1_000, ...(after === undefined ? {} : { after }) })
      all.push(...page)
      if (page.length < 1_000) return all
    }
  }

  async instance(processManager: string, instanceId: string, tenantId = 'acme'): Promise<ProcessInstance | undefined> {
    const [instance] = await this.stores.instances.load([{ processManager, tenantId, instanceId }])
    return instance
  }

  async typesOf(aggregateType: string, aggregateId: string, tenantId = 'acme'): Promise<readonly string[]> {
    const types: string[] = []
    for await (const event of this.stores.store.readStream({ tenantId, aggregateType, aggregateId })) types.push(event.type)
    return types
  }

  async stop(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.stop()))
    await this.engine.stop()
  }
}

export function newEventOf(type: string, payload: unknown) {
  return { id: uuidv7(), type, payload, metadata: { correlationId: 'c', causationId: 'c', schemaVersion: 1 } }
}
