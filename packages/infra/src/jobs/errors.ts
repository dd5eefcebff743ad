import { CairnError } from '@cairn/core'

/** pg-boss inserted fewer jobs than it was given; nothing was handed over then, and it is tried again. */
export class LostJobsError extends CairnError {
  readonly code = 'CAIRN_LOST_JOBS'
  readonly retryable = true

  constructor(queue: string, given: number, inserted: number) {
    super(
      `Of ${given} jobs pg-boss inserted ${inserted} into its queue "${queue}": the queue is gone, perhaps. Start the scheduler anew.`,
      {
        details: { queue, given, inserted },
      },
    )
  }
}
