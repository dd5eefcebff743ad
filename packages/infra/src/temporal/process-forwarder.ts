import {
  EventHandlingFailure,
  processManagerReader,
  type Consumer,
  type Processor,
  type ProcessManagerDefinition,
  type RecordedEvent,
} from '@cairn/core'
import type { Client } from '@temporalio/client'
import { BatchRouter } from './routing/batch-router.ts'
import type { ResolvedRouterOptions } from './routing/router-options.ts'
import { sendUpdate } from './routing/send-update.ts'
import { taskQueueOf, type TaskQueues } from './task-queues.ts'
import { processWorkflowId } from './workflow-id.ts'
import {
  deliverUpdate,
  processWorkflowType,
  type DeliverAnswer,
  type EventRef,
  type FailedEvent,
  type ProcessInput,
  type ProcessKey,
} from './workflows/contract.ts'

/** Brings events to the workflows of process managers' instances, and waits until the step of each is committed. */
export class ProcessForwarder {
  readonly #definitions: readonly ProcessManagerDefinition[]
  readonly #atOnce: number
  readonly #router: BatchRouter<ProcessKey, EventRef, { readonly failed: FailedEvent | undefined }>

  constructor(client: Client, queues: TaskQueues, definitions: readonly ProcessManagerDefinition[], options: ResolvedRouterOptions) {
    const { idleMs, maxHistoryEvents } = options
    this.#definitions = definitions
    this.#atOnce = options.maxInFlight
    this.#router = new BatchRouter({
      ...options,
      keyOf: ({ processManager, tenantId, instanceId }) => `${processManager}\0${tenantId}\0${instanceId}`,
      sizeOf: ({ aggregateType, aggregateId }) => aggregateType.length + aggregateId.length + 105,
      async send(key, events) {
        const input: ProcessInput = { ...key, idleMs, maxHistoryEvents }
        const target = {
          workflowId: processWorkflowId(key.tenantId, key.processManager, key.instanceId),
          workflowType: processWorkflowType,
          taskQueue: taskQueueOf(queues, key.tenantId),
          input,
          update: deliverUpdate,
        }
        const answer = await sendUpdate(client, target, [events], options)
        const failed = isDeliverAnswer(answer) ? answer.failed : undefined
        return events.map(({ position }) => ({ failed: failed !== undefined && position >= failed.position ? failed : undefined }))
      },
    })
  }

  /** The process managers as consumers of the subscription engine: the checkpoint moves when the steps are committed. */
  consumers(): readonly Consumer[] {
    return this.#definitions.map((definition) =>
      forwarderConsumer(definition, this.#atOnce, (events) => this.#deliverTo(definition, events)),
    )
  }

  /**
   * Hands events to all process managers that react to them.
   * @param events lifted to the newest schema, in the order of the log
   * @throws EventHandlingFailure naming the first event that could not be handled, TemporalUnavailableError
   */
  async deliver(events: readonly RecordedEvent[]): Promise<void> {
    await Promise.all(this.#definitions.map((definition) => this.#deliverTo(definition, events)))
  }

  close(): Promise<void> {
    return this.#router.close()
  }

  async #deliverTo(definition: ProcessManagerDefinition, events: readonly RecordedEvent[]): Promise<void> {
    const wanted = events.filter(({ type }) => definition.types.includes(type))
    const answers = await Promise.all(
      wanted.map(async (event) => {
        const instanceId = definition.correlate(event)
        if (instanceId === undefined) return undefined
        const { tenantId, aggregateType, aggregateId, version, position } = event
        const key = { processManager: definition.name, tenantId, instanceId }
        return (await this.#router.route(key, { aggregateType, aggregateId, version, position, definitionVersion: definition.version }))
          .failed
      }),
    )
    const index = answers.findIndex((failed) => failed !== undefined)
    const [event, failed] = [wanted[index], answers[index]]
    if (event === undefined || failed === undefined) return
    // All before the first that failed are handled. Those behind it may be too, and pass when they come again.
    throw new EventHandlingFailure(event, new Error(`${failed.code}: ${failed.message}`), { othersKept: true })
  }
}

function forwarderConsumer(
  definition: ProcessManagerDefinition,
  batchSize: number,
  deliver: (events: readonly RecordedEvent[]) => Promise<void>,
): Consumer {
  const processor: Processor = { handle: (events) => deliver(events) }
  return {
    ...processManagerReader(definition),
    // What is delivered again after a crash, each one update; more than may be in flight would only wait.
    batchSize,
    open: () => processor,
  }
}

function isDeliverAnswer(value: unknown): value is DeliverAnswer {
  return typeof value === 'object' && value !== null
}
