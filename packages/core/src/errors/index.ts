export { CairnError, isCairnError, type CairnErrorOptions, type ErrorDetails } from './cairn-error.ts'
export {
  AggregateExistsError,
  CommandIdReusedError,
  DuplicateCommandError,
  ReservationTakenError,
  StreamBusyError,
  StreamClosedError,
  TransactionRolledBackError,
  VersionConflictError,
} from './concurrency.ts'
export { isNewer } from './is-newer.ts'
export { isOutage } from './is-outage.ts'
export { BusinessRuleViolation, DefinitionError, NotAuthorizedError, UpcastError } from './domain.ts'
export {
  CommandWaitTimeoutError,
  DatabaseUnavailableError,
  IllegalStatusError,
  PoolExhaustedError,
  SchemaVersionError,
  StatementStoppedError,
  StoppedError,
  UnsafeDatabaseError,
} from './infrastructure.ts'
export { InvalidInputError, PayloadTooLargeError, SchemaValidationError, UnknownTypeError, type SchemaIssue } from './input.ts'
export { ContextRefusedError, TenantMismatchError, TenantMissingError } from './tenancy.ts'
export {
  ForeignLogError,
  IdleCommitError,
  IllegalStateError,
  LeaseLostError,
  SubscriptionChangedError,
  SubscriptionPartitionsError,
  SubscriptionVersionError,
  UnknownEventError,
  UnknownSubscriptionError,
  WaitTimeoutError,
} from './subscriptions.ts'
export {
  DependentViewsError,
  InlineProjectionError,
  NotCaughtUpError,
  NothingToRollBackError,
  ProjectionNotBuiltError,
  ReadDeniedError,
  RebuildHeldError,
  RebuildStoppedError,
  RebuildVerificationError,
  RowMissingError,
  RowPartitionError,
  RowValueError,
  StaleRowError,
  SwitchBlockedError,
  TooManyParkedError,
  UnknownProjectionError,
  UnknownTableError,
} from './projections.ts'
