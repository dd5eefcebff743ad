import type { AggregateModel } from '../aggregate/index.ts'
import { streamMapKey, type Command, type NewCommand, type NewEvent, type RecordedEvent, type StreamKey } from '../contracts/index.ts'
import { assertMayDecide } from '../decisions/decide-group.ts'
import { receiptOf } from '../decisions/receipt-of.ts'
import { snapshotDue } from '../decisions/snapshot-due.ts'
import { eventsToStore } from '../decisions/to-store.ts'
import { CommandIdReusedError, StoppedError, StreamClosedError } from '../errors/index.ts'
import { composeMiddleware } from '../middleware/index.ts'
import type { AppendRequest, CommandReceipt, EventStoreTransaction, LoggerPort } from '../ports/index.ts'
import type { AggregateRepository } from '../repository/index.ts'
import { isAsync, type AsyncDispatchOptions, type PendingCommand } from './async-dispatch.ts'
import type { CommandMessage, CommandMiddleware } from './command-message.ts'
import type { Dispatched } from './dispatched.ts'
import type { DispatchOptions } from './dispatch-options.ts'

/** What a command led to inside a transaction. It stands once the transaction has committed, and not before. */
export interface DecidedCommand<E extends NewEvent = NewEvent> {
  readonly aggregateId: string
  readonly events: readonly E[]
  /** The aggregate's version after the command, if the transaction commits. */
  readonly version: number
  /** True when the command's id had taken effect before: nothing is stored for it this time. */
  readonly duplicate: boolean
}

/** What a transaction needs of the bus it belongs to. */
export interface TransactionHost {
  readonly repository: AggregateRepository
  readonly middleware: readonly CommandMiddleware[]
  readonly audit: boolean
  readonly logger: LoggerPort
  /** Lifts the stored events of a first result to the newest schema. */
  readonly lift: ((event: RecordedEvent) => RecordedEvent) | undefined
  readonly message: (command: NewCommand | Command, options: DispatchOptions) => CommandMessage
  /** What is put aside for later passes the gate now. @throws what `admit` throws */
  readonly assertAdmissible: (message: CommandMessage) => void
  /** Validation, authorisation, tenant guard. */
  readonly admit: (message: CommandMessage) => { readonly command: Command; readonly model: AggregateModel }
}

interface Aggregate {
  readonly stream: StreamKey
  /** Before the transaction. */
  readonly committed: number
  readonly closed: boolean
  state: unknown
  version: number
}

/** Commands that commit together. A command is decided on what the log says and on what this transaction decided before. */
export class CommandTransaction {
  readonly tenantId: string
  /** The store's own transaction, for what is not a command. */
  readonly store: EventStoreTransaction
  readonly #host: TransactionHost
  readonly #options: DispatchOptions
  readonly #aggregates = new Map<string, Aggregate>()
  readonly #decided = new Map<string, { readonly hash: string; readonly result: DecidedCommand }>()
  #last: Promise<unknown> = Promise.resolve()
  #ended = false

  constructor(store: EventStoreTransaction, options: DispatchOptions, host: TransactionHost) {
    this.tenantId = store.tenantId
    this.store = store
    this.#host = host
    this.#options = options
  }

  /**
   * Decides a command; its append goes with the others at the end. The options of the transaction hold unless the call
   * names its own. A refusal leaves the transaction as it was, and `work` may go on. With `async: true` it is stored with the
   * transaction, and carried out once that has committed.
   * @throws as `CommandBus.dispatch`; a conflict with other writers is thrown by the transaction as a whole
   */
  dispatch(command: NewCommand | Command, options: AsyncDispatchOptions): Promise<PendingCommand>
  dispatch(command: NewCommand | Command, options?: DispatchOptions): Promise<DecidedCommand>
  async dispatch(
    command: NewCommand | Command,
    options: DispatchOptions | AsyncDispatchOptions = {},
  ): Promise<DecidedCommand | PendingCommand> {
    this.#assertOpen()
    const message = this.#host.message(command, { ...this.#options, ...options, tenantId: options.tenantId ?? this.tenantId })
    if (isAsync(options)) {
      const put = this.#last.then(() => this.#putAside({ ...message, tenantId: this.tenantId }, options.dueAt))
      this.#last = put.catch(() => undefined)
      return put
    }
    // One after another, also where the caller does not wait: each is decided on what the one before left.
    const run = this.#last.then(() => this.#process({ ...message, tenantId: this.tenantId }))
    this.#last = run.catch(() => undefined)
    return run
  }

  /** Claims a value that must be unique in its scope. @throws ReservationTakenError; the transaction cannot go on then */
  async reserve(scope: string, key: string): Promise<void> {
    this.#assertOpen()
    return this.store.reserve(scope, key)
  }

  /** Gives a claimed value back. Returns false when it was not claimed. */
  async release(scope: string, key: string): Promise<boolean> {
    this.#assertOpen()
    return this.store.release(scope, key)
  }

  /** Takes no more calls, and resolves when every dispatch was decided, also those that nobody waited for. @internal */
  async end(): Promise<void> {
    this.#ended = true
    await this.#last
  }

  /** The versions that this transaction adds, by stream. @internal */
  get added(): readonly { readonly stream: StreamKey; readonly fromVersion: number; readonly toVersion: number }[] {
    return [...this.#aggregates.values()]
      .filter((a) => a.version > a.committed)
      .map((a) => ({ stream: a.stream, fromVersion: a.committed + 1, toVersion: a.version }))
  }

  #assertOpen(): void {
    if (this.#ended) throw new StoppedError('The transaction')
  }

  async #putAside(message: CommandMessage, dueAt: Date | undefined): Promise<PendingCommand> {
    this.#host.assertAdmissible(message)
    await this.store.commands.enqueue([{ command: message.command, dueAt }])
    return { commandId: message.command.id, aggregateId: message.command.aggregateId, status: 'pending' }
  }

  async #process(message: CommandMessage): Promise<DecidedCommand> {
    let events: readonly NewEvent[] = []
    const process = composeMiddleware(this.#host.middleware, async (admitted: CommandMessage): Promise<Dispatched> => {
      const decided = await this.#execute(admitted)
      events = decided.events
      return { aggregateId: decided.aggregateId, events: [], version: decided.version, position: 0, duplicate: decided.duplicate }
    })
    const { aggregateId, version, duplicate } = await process(message)
    return { aggregateId, events, version, duplicate }
  }

  async #execute(message: CommandMessage): Promise<DecidedCommand> {
    const { command, model } = this.#host.admit(message)
    const receipt = receiptOf(message.command, this.#host.audit)
    const earlier = this.#decided.get(command.id.toLowerCase())
    if (earlier !== undefined) {
      if (earlier.hash !== receipt.hash) throw new CommandIdReusedError(command.tenantId, command.id)
      return { ...earlier.result, duplicate: true }
    }
    // Here the id is looked up first, not last: appends wait for the commit, and then nobody can be answered any more.
    const first = await this.store.resultOf(receipt)
    if (first !== undefined) {
      const { lift } = this.#host
      const events = lift === undefined ? first.events : first.events.map(lift)
      return { aggregateId: command.aggregateId, events, version: first.version, duplicate: true }
    }
    const result = await this.#decide(message, command, model, receipt)
    this.#decided.set(command.id.toLowerCase(), { hash: receipt.hash, result })
    return result
  }

  async #decide(message: CommandMessage, command: Command, model: AggregateModel, receipt: CommandReceipt): Promise<DecidedCommand> {
    const { tenantId, aggregateType, aggregateId } = command
    const aggregate = await this.#aggregate(model, { tenantId, aggregateType, aggregateId })
    const { stream, state, version } = aggregate
    if (aggregate.closed) throw new StreamClosedError(stream)
    const creates = model.commandTypes.get(command.type)?.creates ?? false
    assertMayDecide({ stream, command, creates, expected: message.expectedVersion }, version)
    const decision = model.decide({ tenantId, aggregateId, version, state }, command)
    const after = version + decision.events.length
    const snapshot = snapshotDue(model, command, version, after, decision.state, this.#host.logger)
    const append: AppendRequest = { stream, expected: version, events: eventsToStore(model, command, decision.events), command: receipt }
    this.store.append(snapshot === undefined ? append : { ...append, snapshot })
    aggregate.state = decision.state
    aggregate.version = after
    return { aggregateId, events: decision.events, version: after, duplicate: false }
  }

  async #aggregate(model: AggregateModel, stream: StreamKey): Promise<Aggregate> {
    const key = streamMapKey(stream)
    const known = this.#aggregates.get(key)
    if (known !== undefined) return known
    const { state, version, closed } = await this.#host.repository.load(model, stream, this.store)
    const aggregate: Aggregate = { stream, committed: version, closed, state, version }
    this.#aggregates.set(key, aggregate)
    return aggregate
  }
}
