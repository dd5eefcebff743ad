import { streamMapKey, type StreamKey } from '@cairn/core'
import type { Client } from '@temporalio/client'
import { taskQueueOf, type TaskQueues } from '../task-queues.ts'
import { workflowId } from '../workflow-id.ts'
import { entityWorkflowType, executeUpdate, type CommandAnswer, type EntityInput } from '../workflows/contract.ts'
import { BatchRouter } from './batch-router.ts'
import type { ResolvedRouterOptions } from './router-options.ts'
import { sendUpdate } from './send-update.ts'

/**
 * Brings commands to the entity workflows of their aggregates: per aggregate one Update-with-Start in flight, and what arrives
 * meanwhile goes as one batch in the next. (The server takes ten updates of one workflow at a time, in no order: a hundred
 * callers one by one took 4 to 16 s, the same hundred as one batch 28 ms.)
 */
export class WorkflowRouter {
  readonly maxWaiting: number
  readonly #router: BatchRouter<StreamKey, string, CommandAnswer>

  constructor(client: Client, queues: TaskQueues, options: ResolvedRouterOptions) {
    const { idleMs, maxHistoryEvents } = options
    this.maxWaiting = options.maxWaiting
    this.#router = new BatchRouter({
      ...options,
      keyOf: streamMapKey,
      sizeOf: (commandId) => commandId.length + 3,
      async send({ tenantId, aggregateType, aggregateId }, commandIds) {
        const input: EntityInput = { tenantId, idleMs, maxHistoryEvents }
        const target = {
          workflowId: workflowId(tenantId, aggregateType, aggregateId),
          workflowType: entityWorkflowType,
          taskQueue: taskQueueOf(queues, tenantId),
          input,
          update: executeUpdate,
        }
        const answers = await sendUpdate(client, target, [commandIds], options)
        return isAnswers(answers) ? answers : []
      },
    })
  }

  /**
   * Has a stored command carried out by its aggregate's workflow, behind all that was routed there before.
   * @throws TemporalUnavailableError, RouterFullError, StoppedError
   */
  route(aggregate: StreamKey, commandId: string): Promise<CommandAnswer> {
    return this.#router.route(aggregate, commandId)
  }

  /** How many commands wait, those in flight not counted. */
  get waiting(): number {
    return this.#router.waiting
  }

  /** Takes no more commands, and resolves when those that wait have been answered. */
  close(): Promise<void> {
    return this.#router.close()
  }
}

function isAnswers(value: unknown): value is readonly CommandAnswer[] {
  return Array.isArray(value)
}
