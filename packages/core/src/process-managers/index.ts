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
