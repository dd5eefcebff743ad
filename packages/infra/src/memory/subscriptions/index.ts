export { InMemoryHints } from './in-memory-hints.ts'
export { InMemoryLogReader, type InMemoryLogReaderOptions } from './in-memory-log-reader.ts'
export { InMemorySubscriptionStore, type InMemorySubscriptionStoreOptions } from './in-memory-subscription-store.ts'
