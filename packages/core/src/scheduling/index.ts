export { admitCommand, type CommandTypes } from './admit-command.ts'
export { admitRawCommands } from './admit-raw-commands.ts'
export { bareChange } from './bare-change.ts'
export { byAggregate } from './by-aggregate.ts'
export { commandFailure } from './command-failure.ts'
export { CommandWorker } from './command-worker.ts'
export {
  commandWorkerFaultPoints,
  type CommandDispatcher,
  type CommandWorkerFaultPoint,
  type CommandWorkerOptions,
  type GroupRunner,
} from './command-worker-options.ts'
export { HandledTypes, type HandledTypesParts } from './handled-types.ts'
export { InProcessScheduler } from './in-process-scheduler.ts'
export { refuseUnknownCommands } from './refuse-unknown-commands.ts'
export { metLately } from './met-lately.ts'
export { runCommand, type RunOptions } from './run-command.ts'
export { runInOrder, type InOrder } from './run-in-order.ts'
export { StoredScheduler, type StoredSchedulerParts } from './stored-scheduler.ts'
export { settleOutcomes, type Unsettled } from './settle-outcomes.ts'
export { storedResult, type StoredResult } from './stored-result.ts'
export { UnbrokenBeats } from './unbroken-beats.ts'
export { waitForCommand, type WaitForCommandOptions } from './wait-for-command.ts'
