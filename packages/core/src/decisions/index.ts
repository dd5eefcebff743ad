export { jitteredBackoff, type Backoff } from './backoff.ts'
export { DecisionQueues, type DecisionQueuesOptions } from './decision-queues.ts'
export type { DecisionOptions, DecisionSettings } from './decision-settings.ts'
