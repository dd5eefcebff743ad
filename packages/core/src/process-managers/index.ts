export { derivingCommandBus, handlerCommandBus, type HandlerCommandBus } from './deriving-command-bus.ts'
export { eventHandlerConsumer, type EventHandlerConsumerOptions } from './event-handler-consumer.ts'
export {
  defineProcessManager,
  type EventByType,
  type EventMap,
  type EventTypeOf,
  type ProcessManagerBuilder,
  type ProcessManagerOptions,
} from './define-process-manager.ts'
export { newInstance, type InstanceKey, type ProcessInstance, type Step, type StepCommand, type TimerState } from './instance.ts'
export { after, cancelTimer, delayMs, type CancelTimer, type Delay, type Intent, type Later } from './intents.ts'
export type { ProcessManagerDefinition, Reaction } from './process-manager.ts'
export { step, stepCommandId } from './step.ts'
export {
  processManagerConsumer,
  processManagerReader,
  processManagerSubscription,
  type ProcessManagerConsumerOptions,
} from './process-manager-consumer.ts'
export type { PastState, ProcessContext, StepLog, StepMeasurement, StepTrace } from './process-context.ts'
export type { ProcessHistoryPort } from './process-history.port.ts'
export type { StepContext } from './step-context.ts'
export { stepLoading } from './step-loading.ts'
export { HistoryNeeded, StepLoads, type LoadRequest } from './step-loads.ts'
export type { StepServices } from './step-services.ts'
export { StoredHistory, type StoredHistoryOptions } from './stored-history.ts'
export { idleAggregate, idleChecked, idleCheckType, idleTimer } from './idle-check.ts'
