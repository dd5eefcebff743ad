export { systemClock, type ClockPort } from './clock.port.ts'
export {
  commandStatusMoves,
  type CommandFailure,
  type CommandQuery,
  type CommandStatus,
  type CommandStorePort,
  type StatusChange,
  type StoredCommand,
} from './command-store.port.ts'
export type { CommandQueuePort, QueuedCommand } from './command-queue.port.ts'
export type { CommandOutcome, CommandWorkerInfo, DueCommandsPort, RawCommand, RefusedCommand } from './due-commands.port.ts'
export type { EventPublisherPort } from './event-publisher.port.ts'
export type { EventFilter, EventQueryOptions, EventQueryPage, EventQueryPort } from './event-query.port.ts'
export type {
  AppendGroupRequest,
  AppendGroupResult,
  AppendRequest,
  AppendResult,
  CommandReceipt,
  EventStorePort,
  EventStoreTransaction,
  HistoryEvent,
  LoadedStream,
  LoadOptions,
  LogPage,
  ReadAllOptions,
  ReadStreamOptions,
  SnapshotToStore,
  StoredSnapshot,
} from './event-store.port.ts'
export type { JobSchedulerPort } from './job-scheduler.port.ts'
export { silentLogger, type LogFields, type LoggerPort } from './logger.port.ts'
export type { HintsPort } from './hints.port.ts'
export type { LogHead, LogReaderPort, LogReadOptions, LogReadPage } from './log-reader.port.ts'
export {
  accessRules,
  type AccessFault,
  type AccessOptions,
  type AccessRule,
  type DeclaredProjection,
  type Drift,
  type DriftOptions,
  type Generation,
  type GenerationPlan,
  type GenerationState,
  type ProjectionStorePort,
  type SwitchOptions,
} from './projection-store.port.ts'
export type {
  InstanceCount,
  InstanceCountFilter,
  InstanceFilter,
  ProcessInstanceStorePort,
  ProcessTransaction,
  ProcessTransactionsPort,
} from './process-instance-store.port.ts'
export type { Comparable, Condition, FindRows, Reader, ReadModelPort, RowPage } from './read-model.port.ts'
export type {
  ColumnValue,
  JsonColumnValue,
  PhysicalTable,
  RowKey,
  RowStorePort,
  RowValues,
  RowWrites,
  StoredRow,
} from './row-store.port.ts'
export type {
  EventToPark,
  Heartbeat,
  Lease,
  Member,
  ParkedEvent,
  PartitionStatus,
  Progress,
  StoredFailure,
  SubscriptionKey,
  SubscriptionKind,
  SubscriptionSpec,
  SubscriptionStatus,
  SubscriptionStorePort,
  SubscriptionTransaction,
  TakenLease,
} from './subscription-store.port.ts'
