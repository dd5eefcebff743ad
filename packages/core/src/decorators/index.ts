export { EventStoreDecorator, type EventStore } from './event-store-decorator.ts'
export { LoggingEventStore, type LoggingEventStoreOptions } from './logging-event-store.ts'
export { RetryingEventStore, type RetryingEventStoreOptions } from './retrying-event-store.ts'
export { TenantGuardedEventStore } from './tenant-guarded-event-store.ts'
