export { RealtimePublisher } from './realtime-publisher.ts'
export type { RealtimeClient, RealtimePublisherOptions } from './realtime-options.ts'
