import type { AggregateModel } from '../aggregate/index.ts'
import type { Command, NewCommand, RecordedEvent } from '../contracts/index.ts'
import { DecisionQueues, type DecisionOptions } from '../decisions/index.ts'
import { TenantMissingError, UnknownTypeError } from '../errors/index.ts'
import type { EventBus } from '../event-bus/index.ts'
import { receiptOf } from '../decisions/receipt-of.ts'
import { InFlight } from '../lifecycle/index.ts'
import { composeMiddleware } from '../middleware/index.ts'
import { Policies } from '../policies/index.ts'
import { silentLogger, type EventStorePort, type LoggerPort } from '../ports/index.ts'
import { nearest } from '../registry/nearest.ts'
import { AggregateRepository } from '../repository/index.ts'
import { isAsync, type AsyncDispatchOptions, type PendingCommand } from './async-dispatch.ts'
import { passGate } from './command-gate.ts'
import type { CommandHandler } from './command-handler.ts'
import { HandlerList, type CommandHandlers } from './command-handlers.ts'
import type { CommandMessage, CommandMiddleware } from './command-message.ts'
import { commandMetadata } from './command-metadata.ts'
import type { CommandTransaction, TransactionHost } from './command-transaction.ts'
import type { Dispatched } from './dispatched.ts'
import type { DispatchOptions } from './dispatch-options.ts'
import { EventHandOver } from './event-hand-over.ts'
import { runTransaction, type TransactionOptions } from './run-transaction.ts'
import { Turns } from './turns.ts'

export interface CommandBusOptions extends DecisionOptions {
  readonly store: EventStorePort
  readonly models: Iterable<AggregateModel>
  /** Gets the events of each command after they were stored. */
  readonly eventBus?: EventBus | undefined
  readonly policies?: Policies | undefined
  /** For calls that name no tenant. @default none: such calls are refused */
  readonly defaultTenantId?: string | undefined
  /** How many aggregates to remember between commands. @default 0, none */
  readonly aggregateCache?: number | undefined
  /** Lifts the stored events of a first result to the newest schema. @default they are returned as they are stored */
  readonly lift?: ((event: RecordedEvent) => RecordedEvent) | undefined
  readonly logger?: LoggerPort | undefined
}

/**
 * Carries commands: middleware, then validation by schema, authorisation, tenant guard, then load, decide, append.
 *
 * What it repeats by itself: version conflicts, and refusals that the domain marks as retryable, both within limits. All
 * other failures reach the caller at the first time. A technical one (`retryable: true`: database away, pool exhausted)
 * left nothing half-done, and the same command may be sent again under the same id.
 */
export class CommandBus {
  readonly policies: Policies
  readonly repository: AggregateRepository
  readonly #options: CommandBusOptions
  readonly #logger: LoggerPort
  readonly #models = new Map<string, AggregateModel>()
  readonly #handlers = new HandlerList()
  readonly #queues: DecisionQueues
  readonly #handOver: EventHandOver | undefined
  readonly #inFlight = new InFlight('The command bus')
  readonly #turns = new Turns()
  #middleware: readonly CommandMiddleware[] = []
  #process: (message: CommandMessage) => Promise<Dispatched>

  constructor(options: CommandBusOptions) {
    const { store, logger = silentLogger, eventBus } = options
    this.#options = options
    this.#logger = logger.child({ component: 'command-bus' })
    this.policies = options.policies ?? new Policies()
    this.repository = new AggregateRepository({ store, cacheSize: options.aggregateCache, logger })
    const handOver = eventBus && new EventHandOver(eventBus, this.#logger)
    this.#handOver = handOver
    this.#queues = new DecisionQueues({
      ...options,
      repository: this.repository,
      appended: handOver && (({ events }) => handOver.publish(events)),
    })
    for (const model of options.models) for (const type of model.commandTypes.keys()) this.#models.set(type, model)
    this.#process = (message) => this.#execute(message)
  }

  /** Puts a middleware inside those that are there already, around everything that the bus does with a command. */
  use(middleware: CommandMiddleware): this {
    this.#middleware = [...this.#middleware, middleware]
    this.#process = composeMiddleware(this.#middleware, (message) => this.#execute(message))
    return this
  }

  /** Adds a handler for commands that no aggregate handles. The first one that supports a command gets it. */
  register<C extends Command>(handler: CommandHandler<C>): this {
    this.#handlers.add({
      types: handler.types,
      supports: (command): command is C => handler.supports(command),
      handle: (command) => (handler.supports(command) ? handler.handle(command) : undefined),
    })
    return this
  }

  /** The types of commands that no aggregate handles, and a registered handler does. */
  get handlers(): CommandHandlers {
    return this.#handlers
  }

  /**
   * Carries a command out: as made by a factory, or one whose tenant and metadata are settled (a stored one, say); of the
   * options, such a one heeds `tenantId`, which must be its own, and `expectedVersion`.
   * Resolves when its events are stored and the handlers on the event bus are done with them. With `async: true` it is checked and
   * stored, and carried out later by whoever runs stored commands.
   * @throws StoppedError, TenantMissingError, TenantMismatchError, UnknownTypeError, SchemaValidationError, NotAuthorizedError
   * @throws VersionConflictError when `expectedVersion` is not met, or when other writers won every attempt
   * @throws AggregateExistsError when the command creates what exists already
   * @throws CommandIdReusedError when the command's id was used with other content
   * @throws whatever the aggregate throws, and what `EventStorePort.append` throws
   */
  dispatch(command: NewCommand | Command, options: AsyncDispatchOptions): Promise<PendingCommand>
  dispatch(command: NewCommand | Command, options?: DispatchOptions): Promise<Dispatched>
  dispatch(command: NewCommand | Command, options: DispatchOptions | AsyncDispatchOptions = {}): Promise<Dispatched | PendingCommand> {
    if (isAsync(options)) return this.#inFlight.run(() => this.#putAside(command, options))
    return this.#inFlight.run(() => this.#process(this.#message(command, options, false)))
  }

  /**
   * Carries several settled commands out, each with an outcome of its own, as `dispatch` would one after another: decided in the
   * order given, whatever middleware waits for. But those of one aggregate share their appends, and behind one that fails with what may
   * pass, they are rejected with its error and not begun: none overtakes it.
   */
  dispatchAll(commands: readonly Command[]): Promise<PromiseSettledResult<Dispatched>[]> {
    return this.#turns.run(commands, (command) => this.dispatch(command))
  }

  /**
   * Several commands that commit together or not at all. They are decided at once, each on what the ones before it did;
   * the appends go last. Should another writer be faster, the whole fails with a `VersionConflictError` and may be done
   * again: `work` should touch nothing outside the transaction.
   * @throws whatever `work` throws, and what `dispatch` throws
   */
  transaction<T>(options: TransactionOptions, work: (tx: CommandTransaction) => Promise<T>): Promise<T> {
    return this.#inFlight.run(() => this.#transact(options, work))
  }

  /** Takes no new commands, and resolves when those on their way are done. */
  stop(): Promise<void> {
    return this.#inFlight.stop()
  }

  #message(command: NewCommand | Command, options: DispatchOptions, inTransaction: boolean): CommandMessage {
    const { expectedVersion } = options
    if ('tenantId' in command) return { command, tenantId: options.tenantId ?? command.tenantId, expectedVersion, inTransaction }
    const tenantId = this.#tenant(options, command.type)
    const { id, type, aggregateType, aggregateId, payload } = command
    // Factories make payloads of the newest version of their schema.
    const metadata = commandMetadata(id, this.#models.get(type)?.commandTypes.get(type)?.schemaVersion ?? 1, options)
    return { command: { id, tenantId, type, aggregateType, aggregateId, payload, metadata }, tenantId, expectedVersion, inTransaction }
  }

  #tenant({ tenantId }: DispatchOptions, what: string): string {
    const tenant = tenantId ?? this.#options.defaultTenantId
    if (tenant === undefined) throw new TenantMissingError(what)
    return tenant
  }

  /** What the gate refuses is refused at once; what the domain says is found out later. */
  async #putAside(command: NewCommand | Command, options: AsyncDispatchOptions): Promise<PendingCommand> {
    const message = this.#message(command, options, false)
    this.#assertAdmissible(message)
    const { store } = this.#options
    await store.transaction(message.tenantId, (tx) => tx.commands.enqueue([{ command: message.command, dueAt: options.dueAt }]))
    return { commandId: message.command.id, aggregateId: message.command.aggregateId, status: 'pending' }
  }

  #assertAdmissible(message: CommandMessage): void {
    const model = this.#models.get(message.command.type)
    if (model === undefined && this.#handlers.find(message.command) === undefined) throw this.#unknown(message.command.type)
    passGate(message, model, this.policies)
  }

  async #execute(message: CommandMessage): Promise<Dispatched> {
    const turn = this.#turns.of(message.command)
    if (turn !== undefined) await turn.before
    if (turn?.place.heldUp !== undefined) throw turn.place.heldUp.by
    const model = this.#models.get(message.command.type)
    if (model === undefined) return this.#callHandler(message)
    const command = passGate(message, model, this.policies)
    const receipt = receiptOf(message.command, this.#queues.settings.audit)
    const decision = this.#queues.decide(model, command, receipt, message.expectedVersion, turn?.place)
    turn?.taken()
    const { events, version, position, duplicate } = await decision
    const { lift } = this.#options
    return {
      aggregateId: command.aggregateId,
      events: duplicate && lift !== undefined ? events.map(lift) : events,
      version,
      position,
      duplicate,
    }
  }

  async #callHandler(message: CommandMessage): Promise<Dispatched> {
    const handler = this.#handlers.find(message.command)
    if (handler === undefined) throw this.#unknown(message.command.type)
    const command = passGate(message, undefined, this.policies)
    await handler.handle(command)
    return { aggregateId: command.aggregateId, events: [], version: 0, position: 0, duplicate: false }
  }

  #unknown(type: string): UnknownTypeError {
    return new UnknownTypeError('command', type, nearest(type, this.#models.keys()))
  }

  async #transact<T>(options: TransactionOptions, work: (tx: CommandTransaction) => Promise<T>): Promise<T> {
    const { store } = this.#options
    const tenantId = this.#tenant(options, 'A transaction')
    const { backoff } = this.#queues.settings
    const { value, tx } = await runTransaction({ store, tenantId, options, host: this.#transactionHost(), backoff, work })
    await this.#handOver?.publishAdded(store, tx)
    return value
  }

  #transactionHost(): TransactionHost {
    return {
      repository: this.repository,
      middleware: this.#middleware,
      audit: this.#queues.settings.audit,
      logger: this.#logger,
      lift: this.#options.lift,
      message: (command, options) => this.#message(command, options, true),
      assertAdmissible: (message) => this.#assertAdmissible(message),
      admit: (message) => {
        const model = this.#models.get(message.command.type)
        if (model === undefined) throw this.#unknown(message.command.type)
        return { command: passGate(message, model, this.policies), model }
      },
    }
  }
}
