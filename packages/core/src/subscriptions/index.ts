export type { Consumer, Delivery, Opened, Processor } from './consumer.ts'
export { defaultFailurePolicy, type RetryBackoff, type FailurePolicy, type RetryPolicy } from './failure-policy.ts'
export { faultPoints, noFaults, type FaultHook, type FaultPoint } from './fault-points.ts'
export { mayMove, runningStates, subscriptionMoves, subscriptionStates, type SubscriptionState } from './states.ts'
