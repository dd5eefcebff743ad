import type {
  AggregateDefinition,
  AggregateTypeOf,
  AsyncDispatchOptions,
  CommandBus,
  CommandStorePort,
  Dispatched,
  Domain,
  EventBus,
  ExpectedVersion,
  JobSchedulerPort,
  NewCommand,
  PendingCommand,
  Policies,
  ProjectionNameOf,
  PumpConfig,
  PumpServices,
  RealtimePumpBase,
  Registry,
  StoredCommand,
  TransactionOptions,
  WaitOptions,
} from '@cairn/core'
import type { Actor } from '@cairn/infra/pg'
import type { RebuildReport } from '@cairn/projections'
import type { DatabaseInfo } from './backend.ts'
import type { AppDispatchOptions } from './app-dispatch-options.ts'
import type { AppRebuildOptions } from './app-rebuild-options.ts'
import type { CairnTransaction } from './cairn-transaction.ts'
import type { RecordedEventOf, RecordedEventsOfType, StateOf, StreamName, StreamNameOf } from './cairn-types.ts'
import type { EventLog } from './event-log.ts'
import type { Health } from './health.ts'
import type { ProcessControl } from './processes/process-control.ts'
import type { WaitForCommandOptions } from './processes/wait-for-command-options.ts'
import type { LoadedState, LoadStateOptions } from './load-state.ts'
import type { ReadModelOf, ReadOptions, TableNameOf } from './read-model.ts'
import type { AppSubscription } from './subscriptions/app-subscription.ts'
import type { EventFollower, FollowEventsOptions, FollowHandler } from './subscriptions/follow.ts'
import type { SubscribeHandler, SubscribeOptions, SubscribePattern } from './subscriptions/subscribe-options.ts'
import type { SubscriptionControl } from './subscriptions/subscription-control.ts'
import type { TenantSql } from './tenant-sql.ts'

/** A running app. Made by `createCairn`; `await using` stops it at the end of the block. */
export interface Cairn<D extends Domain = Domain> extends AsyncDisposable {
  /**
   * Puts a command aside, to be carried out in the background, at once or from `dueAt` on: by this process or another, once, in the order
   * of its aggregate's commands. It is checked against its schema and the policies first. `waitForCommand` tells what became of it.
   * @throws StoppedError, TenantMissingError, TenantMismatchError, UnknownTypeError, SchemaValidationError, NotAuthorizedError
   * @throws CommandIdReusedError when the command's id was used with other content
   */
  dispatch<A extends AggregateTypeOf<D>>(command: NewCommand<string, unknown, A>, options: AsyncDispatchOptions): Promise<PendingCommand>
  /**
   * Carries a command out. Resolves when its events are stored and the handlers on the bus are done with them, and with those
   * before them of commands that left in the same append. The same
   * command again, from anywhere and at any time, is answered with the first result.
   * @throws StoppedError, TenantMissingError, TenantMismatchError, UnknownTypeError, SchemaValidationError, NotAuthorizedError
   * @throws VersionConflictError when `expectedVersion` is not met, or when other writers won every attempt
   * @throws AggregateExistsError when the command creates what exists already
   * @throws CommandIdReusedError when the command's id was used with other content
   * @throws StreamClosedError, and whatever the aggregate throws
   * @throws DatabaseUnavailableError, PoolExhaustedError, StatementStoppedError with nothing half-done: send the same command again
   * @throws WaitTimeoutError when `waitFor` took too long, or the app was stopped meanwhile: the command is stored
   * @throws InlineProjectionError when an inline projection fails at its events: nothing is stored
   */
  dispatch<A extends AggregateTypeOf<D>>(
    command: NewCommand<string, unknown, A>,
    options?: AppDispatchOptions<D>,
  ): Promise<Dispatched<RecordedEventsOfType<D, A>>>
  /**
   * Several commands, reservations and SQL of the user's own that commit together or not at all; appends go last, and
   * they are not coalesced with others. Where another writer is faster the whole is done again, `attempts` times at most.
   * @throws whatever `work` throws, and what `dispatch` throws
   */
  transaction<T>(options: TransactionOptions, work: (tx: CairnTransaction<D>) => Promise<T>): Promise<T>
  /**
   * An aggregate's state, now or at a version or time; the initial state where it does not exist.
   * @param aggregate its class or decider
   * @throws UnknownTypeError when it belongs to no domain of this app
   */
  load<A extends AggregateDefinition>(aggregate: A, aggregateId: string, options?: LoadStateOptions): Promise<LoadedState<StateOf<A>>>
  /**
   * Runs SQL in one transaction, as the application role in one tenant's signed context: it sees that tenant's rows only.
   * @param actor the role and user that policies of tables may look at
   * @throws InvalidInputError in memory
   */
  withTenant<T>(tenantId: string, work: (sql: TenantSql) => Promise<T>, actor?: Actor): Promise<T>
  /**
   * Resolves when projections, wherever they run, have handled every event up to a position and their rows are there to read.
   * @param names @default every projection of the app
   * @throws WaitTimeoutError, UnknownProjectionError
   */
  waitFor(position: number, names?: ProjectionNameOf<D> | readonly ProjectionNameOf<D>[], options?: WaitOptions): Promise<void>
  /**
   * The row of a stored command once it has ended: `processed` with its result, or `failed` with its error.
   * @throws CommandWaitTimeoutError naming the status it had: the command goes on by itself
   * @throws TenantMissingError, StoppedError when the app is stopped meanwhile
   */
  waitForCommand(commandId: string, options?: WaitForCommandOptions): Promise<StoredCommand>
  /**
   * A table of a projection, to be read in the name of a tenant, a role and a user.
   * @throws TenantMissingError, UnknownTableError; its methods as `ReadModelPort`
   */
  readModel<const N extends TableNameOf<D>>(table: N, options?: ReadOptions): ReadModelOf<D, N>
  /**
   * Builds projections anew from the log, beside what readers see, and switches each when it has caught up; writers and readers go
   * on. It may be stopped at any moment: the same call goes on from there. The command `rebuild-projections` does the same.
   * @throws UnknownProjectionError; InvalidInputError in memory, where nothing is kept that could be rebuilt
   * @throws UnsafeDatabaseError when the login may not make tables; what goes wrong with one projection is in its outcome
   */
  rebuild(names: ProjectionNameOf<D> | readonly ProjectionNameOf<D>[], options?: AppRebuildOptions): Promise<RebuildReport>
  /**
   * A named, durable reader of the log, whose handler runs in this process or another that subscribes under the same name: it
   * goes on where it was after a restart, tries again what fails, and sets aside what fails for good.
   * @throws InvalidInputError, UnknownTypeError, DefinitionError, ForeignLogError
   * @throws SubscriptionChangedError when the definition is another one under the version that is stored
   * @throws SubscriptionVersionError when a newer version is stored
   */
  subscribe<const P extends SubscribePattern<RecordedEventOf<D>>>(
    name: string,
    options: SubscribeOptions<RecordedEventOf<D>, P>,
    handler: SubscribeHandler<RecordedEventOf<D>, P>,
  ): Promise<AppSubscription>
  /**
   * Follows the log in this process alone: every process that follows gets every event, and nothing is stored. For what lives and dies
   * with the process, such as the clients that are connected to it; what must not be missed is a subscription.
   * @param handler gets portions of events of every tenant, in the order of the log, one portion after another; where it fails it gets
   *   the same one again
   * @throws InvalidInputError where this login has not the worker's role; UnknownTypeError, ForeignLogError
   */
  follow<const P extends SubscribePattern<RecordedEventOf<D>> = '*'>(
    options: FollowEventsOptions<RecordedEventOf<D>, P>,
    handler: FollowHandler<RecordedEventOf<D>, P>,
  ): Promise<EventFollower>
  /**
   * Starts a pump: of the log, of pending commands, or of the changes of a watched table. It ends with the app.
   * @throws InvalidInputError where the table is not watched, or in a process that leaves the background to others
   * @throws DefinitionError, SubscriptionChangedError, SubscriptionVersionError
   */
  pump<Row = unknown>(config: PumpConfig<Row>): Promise<RealtimePumpBase<Row>>
  /** A place in this log as text, for systems outside: it says which log it belongs to. */
  cursor(position: number): Promise<string>
  /** The position of a cursor. @throws ForeignLogError when it is of another log, InvalidInputError when it is none */
  parseCursor(cursor: string): Promise<number>
  /** How the database, the log and what reads it are. Never rejects. */
  health(): Promise<Health>
  /** True when all the streams exist; reads no events. */
  existsAll(streams: readonly StreamNameOf<D>[]): Promise<boolean>
  /** True when at least one of the streams exists; reads no events. */
  existsOne(streams: readonly StreamNameOf<D>[]): Promise<boolean>
  /** Ends a stream: later appends are refused, reads go on. @throws VersionConflictError when `expected` is not met */
  close<A extends AggregateTypeOf<D>>(stream: StreamName<A>, expected?: ExpectedVersion): Promise<void>
  /** Takes no new work, lets what is under way end, in the background first, and closes the database. May be called again. */
  stop(): Promise<void>
  /** The log, for what is no command. */
  readonly events: EventLog<D>
  /** Hands events to handlers of this process, after they were stored. */
  readonly bus: EventBus<RecordedEventOf<D>>
  /** The bus behind `dispatch`: for middleware, for handlers of the class style, and for process managers of the older systems. */
  readonly commandBus: CommandBus
  /** Subscriptions and projections, for an operator. */
  readonly subscriptions: SubscriptionControl
  /** Instances of process managers: what each waits for, and since when. */
  readonly processes: ProcessControl
  /** For subclasses of `RealtimePumpBase`: `new MyPump(app.pumpServices)`. Stop them before the app. */
  readonly pumpServices: PumpServices
  /** Commands as rows with a status. */
  readonly commands: CommandStorePort
  /** Stores commands and answers when they have ended; who carries them out is said by the option `scheduler`. */
  readonly scheduler: JobSchedulerPort
  /** Everything that the domains define. */
  readonly registry: Registry
  /** Who may send which command. */
  readonly policies: Policies
  /** Where the data is. */
  readonly database: DatabaseInfo
}
