export { admitCommand, type CommandTypes } from './admit-command.ts'
export { commandFailure } from './command-failure.ts'
export { CommandWorker } from './command-worker.ts'
export {
  commandWorkerFaultPoints,
  type CommandDispatcher,
  type CommandWorkerFaultPoint,
  type CommandWorkerOptions,
  type GroupRunner,
} from './command-worker-options.ts'
export { InProcessScheduler } from './in-process-scheduler.ts'
export { runCommand, type RunOptions } from './run-command.ts'
export { cancelPending, StoredScheduler, type StoredSchedulerParts } from './stored-scheduler.ts'
export { storedResult, type StoredResult } from './stored-result.ts'
export { waitForCommand, type WaitForCommandOptions } from './wait-for-command.ts'
