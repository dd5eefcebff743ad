export { commandFailure } from './command-failure.ts'
export { InProcessScheduler, type StoredResult } from './in-process-scheduler.ts'
