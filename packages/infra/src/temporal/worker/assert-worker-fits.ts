import { InvalidInputError } from '@cairn/core'
import { queuesToServe, sharedQueue, type TaskQueues } from '../task-queues.ts'
import { assertUtc } from './utc-guard.ts'

/**
 * What no later try would put right: an app says it at its start, instead of trying for ever in the background.
 * @throws InvalidInputError when the process is not in UTC, or there is no queue to serve
 */
export function assertWorkerFits(options: {
  readonly requireUtc?: boolean | undefined
  readonly taskQueues?: TaskQueues | undefined
}): void {
  if (options.requireUtc ?? true) assertUtc()
  if (queuesToServe(options.taskQueues ?? sharedQueue).length > 0) return
  throw new InvalidInputError(
    'taskQueues',
    'A worker of the queues of tenants was given no tenant. Name them (ACTIVE_TENANTS=acme,bravo), or run none here: worker: false.',
  )
}
