import {
  runCommand,
  runInOrder,
  type CommandDispatcher,
  type CommandOutcome,
  type HandledTypes,
  type LoggerPort,
  type StoredCommand,
} from '@cairn/core'
import type { Job, JobResult } from 'pg-boss'
import type { HandedCommands } from './handed-commands.ts'
import type { JobData } from './job-data.ts'
import type { OutcomeWriter } from './outcome-writer.ts'
import type { ResolvedPgBossOptions } from './pg-boss-options.ts'

export interface JobWorkerParts {
  readonly bus: CommandDispatcher
  readonly handledTypes: Pick<HandledTypes, 'has'>
  readonly handed: HandedCommands
  readonly outcomes: OutcomeWriter
  readonly options: Pick<ResolvedPgBossOptions, 'maxAttempts' | 'retryMs' | 'maxRetryMs' | 'unknownTypeGraceMs' | 'pollMs'>
  readonly stopping: AbortSignal
  readonly logger: LoggerPort
}

/**
 * Works on batches of jobs. What became of its commands stands in their rows before a job is completed, and a command that is to be
 * tried again is given back with its time: then it is handed over anew. So a job fails only where its worker died, or could not
 * reach the database, and is then worked on again.
 */
export class JobWorker {
  readonly #parts: JobWorkerParts

  constructor(parts: JobWorkerParts) {
    this.#parts = parts
  }

  async work(jobs: readonly Pick<Job<JobData>, 'id' | 'data'>[]): Promise<JobResult[]> {
    const groups = await this.#parts.handed.load(jobs.map(({ data }) => data))
    return Promise.all(jobs.map(({ id }, i) => this.#finish(id, groups[i] ?? [])))
  }

  async #finish(id: string, group: readonly StoredCommand[]): Promise<JobResult> {
    const { bus, handledTypes, options, outcomes, stopping, logger } = this.#parts
    try {
      const run = (stored: StoredCommand, behind: readonly StoredCommand[]): Promise<CommandOutcome> =>
        handledTypes.has(stored.command.type) ? runCommand(bus, stored, options, behind) : Promise.resolve(this.#passOn(stored))
      const ended = await runInOrder(group, { run, stopping, logger })
      if (ended.length > 0) await outcomes.write(ended)
      return { id, status: 'completed' }
    } catch (error) {
      logger.warn('What became of a job’s commands could not be written down; the job is worked on again.', { jobId: id, error })
      return { id, status: 'failed', output: { message: error instanceof Error ? error.message : String(error) } }
    }
  }

  /** A newer process handed it over: it is for one that knows the type. */
  #passOn({ command: { id, tenantId } }: StoredCommand): CommandOutcome {
    return { tenantId, id, status: 'returned', afterMs: this.#parts.options.pollMs }
  }
}
