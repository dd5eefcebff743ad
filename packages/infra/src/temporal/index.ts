export { commandBatches, type CommandBatches, type CommandChange } from './command-batches.ts'
export { CommandGivenBackError, RouterFullError, TemporalUnavailableError, UnknownWorkflowTypeError } from './errors.ts'
export { BatchRouter, type BatchRouterOptions } from './routing/batch-router.ts'
export { resolveRouterOptions, type ResolvedRouterOptions, type RouterOptions } from './routing/router-options.ts'
export { WorkflowRouter } from './routing/workflow-router.ts'
export { activeTenants, queuesToServe, sharedQueue, taskQueueOf, type TaskQueues } from './task-queues.ts'
export { commandWorkflowId, processWorkflowId, workflowId } from './workflow-id.ts'
export { createTemporalWorker, type TemporalWorker, type TemporalWorkerOptions } from './worker/create-temporal-worker.ts'
export { workflowBundle, workflowInterceptors, workflowsPath } from './worker/workflow-bundle.ts'
export { TemporalScheduler, type CarriedOut, type ScheduleWorkflowOptions, type TemporalSchedulerParts } from './temporal-scheduler.ts'
export type { ScheduledWorkflow } from './scheduled-workflows.ts'
export { ProcessForwarder } from './process-forwarder.ts'
export type { ProcessParts } from './processes.ts'
export {
  temporal,
  type OwnWorkerOptions,
  type RunningTemporal,
  type TemporalContext,
  type TemporalOptions,
  type TemporalSetup,
} from './temporal.ts'
export { installRuntime as installTemporalRuntime } from './worker/temporal-logger.ts'
