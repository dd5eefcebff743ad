export { AggregateCache, type CachedAggregate } from './aggregate-cache.ts'
export { AggregateRepository, type AggregateRepositoryOptions, type StreamSource } from './aggregate-repository.ts'
export type { LoadedAggregate } from './loaded-aggregate.ts'
