import type { WorkerOptions } from '@temporalio/worker'

/** Both sides' workers have these, and for everything else what Temporal's library sets. */
export const tuning: Partial<WorkerOptions> = {
  maxConcurrentWorkflowTaskExecutions: 40,
  maxConcurrentActivityTaskExecutions: 100,
  maxConcurrentLocalActivityExecutions: 100,
  // What `createTemporalWorker` sets where nobody names it.
  stickyQueueScheduleToStartTimeout: 2_000,
}

/** Warms a worker up: it is carried out before the time runs, and not counted. */
export const warmUp = -1
