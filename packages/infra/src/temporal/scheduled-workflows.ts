import { bareChange, commandFailure, isCairnError, type Command, type CommandStorePort, type StoredCommand } from '@cairn/core'
import { WorkflowExecutionAlreadyStartedError, WorkflowFailedError, type Client } from '@temporalio/client'
import { WorkflowNotFoundError } from '@temporalio/common'
import { TemporalUnavailableError, UnknownWorkflowTypeError } from './errors.ts'
import { taskQueueOf, type TaskQueues } from './task-queues.ts'
import { commandWorkflowId } from './workflow-id.ts'
import { commandMemo, type CommandMemo } from './workflows/contract.ts'

export interface ScheduledWorkflow {
  readonly workflowId: string
  readonly runId: string
  /** True when the command had started it before. */
  readonly joined: boolean
  /** Resolves when the workflow has ended. @throws WorkflowFailedError, TemporalUnavailableError */
  result(): Promise<unknown>
}

/** How long a call of the server may take, milliseconds. */
const callMs = 10_000

/** A user's own workflows, each started by a command: one run per command id. */
export class ScheduledWorkflows {
  readonly #client: Client
  readonly #commands: CommandStorePort
  readonly #queues: TaskQueues
  readonly #known: readonly string[]

  constructor(client: Client, commands: CommandStorePort, queues: TaskQueues, known: readonly string[]) {
    this.#client = client
    this.#commands = commands
    this.#queues = queues
    this.#known = known
  }

  /**
   * Starts a workflow with the command as its argument, or joins the run that the same command started before. The command is
   * consumed then, and gets the workflow's end as its own.
   * @param before what its row is until the workflow has started. `consumed`: nobody else may carry the command out meanwhile, not even
   *   where Temporal is away or this process dies. `pending`: whoever takes it starts the same workflow.
   * @throws UnknownWorkflowTypeError; the command has failed then
   * @throws TemporalUnavailableError; the row is as it was before
   */
  async schedule(command: Command, workflowType: string, before: 'pending' | 'consumed'): Promise<ScheduledWorkflow> {
    const { tenantId, id } = command
    const stored = await (before === 'consumed' ? this.#commands.handOver(command) : this.#commands.upsert(command))
    if (!this.#known.includes(workflowType)) {
      const error = new UnknownWorkflowTypeError(workflowType, this.#known)
      await this.#mark(stored, { status: 'failed', error: commandFailure(error) })
      throw error
    }
    const memo: CommandMemo = { tenantId, commandId: id }
    const workflowId = commandWorkflowId(tenantId, id)
    const started = await this.#start(workflowId, workflowType, stored.command, memo)
    if (stored.status === 'pending') await this.#commands.handOver(command)
    return started
  }

  async #start(workflowId: string, workflowType: string, command: Command, memo: CommandMemo): Promise<ScheduledWorkflow> {
    try {
      const handle = await this.#client.withDeadline(Date.now() + callMs, () =>
        this.#client.workflow.start(workflowType, {
          workflowId,
          taskQueue: taskQueueOf(this.#queues, command.tenantId),
          args: [command],
          memo: { [commandMemo]: memo },
          // A run that has ended is the command's outcome, and is joined like one that runs.
          workflowIdReusePolicy: 'REJECT_DUPLICATE',
          workflowIdConflictPolicy: 'FAIL',
        }),
      )
      return { workflowId, runId: handle.firstExecutionRunId, joined: false, result: () => handle.result() }
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) {
        throw new TemporalUnavailableError(`the start of workflow ${workflowId}`, callMs, error)
      }
      const handle = this.#client.workflow.getHandle(workflowId)
      const { runId } = await handle.describe()
      return { workflowId, runId, joined: true, result: () => handle.result() }
    }
  }

  /** Asks a command's workflow to end. Returns false when there is none that runs. @throws TemporalUnavailableError */
  async cancel(tenantId: string, commandId: string): Promise<boolean> {
    const workflowId = commandWorkflowId(tenantId, commandId)
    try {
      return await this.#client.withDeadline(Date.now() + callMs, async () => {
        const handle = this.#client.workflow.getHandle(workflowId)
        if ((await handle.describe()).status.name !== 'RUNNING') return false
        await handle.cancel()
        return true
      })
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return false
      throw new TemporalUnavailableError(`the cancellation of workflow ${workflowId}`, callMs, error)
    }
  }

  /** Waits for a command's workflow, and answers with the command's final row. */
  async finish(command: Command, started: ScheduledWorkflow): Promise<StoredCommand | undefined> {
    let change: Parameters<CommandStorePort['markStatus']>[2]
    try {
      const result = await started.result()
      change = result === undefined ? { status: 'processed' } : { status: 'processed', result }
    } catch (error) {
      if (!(error instanceof WorkflowFailedError)) throw new TemporalUnavailableError(`workflow ${started.workflowId}`, 0, error)
      const message = error.cause?.message ?? error.message
      change = { status: 'failed', error: { code: 'CAIRN_WORKFLOW_FAILED', message, retryable: false } }
    }
    // As a rule the workflow's own interceptor has done so before; a run that was terminated cannot.
    const row = await this.#commands.getById(command.tenantId, command.id)
    return row === undefined || row.status === 'processed' || row.status === 'failed' ? row : this.#mark(row, change)
  }

  async #mark({ command }: StoredCommand, change: Parameters<CommandStorePort['markStatus']>[2]): Promise<StoredCommand | undefined> {
    try {
      return await this.#commands.markStatus(command.tenantId, command.id, change)
    } catch (error) {
      if (isCairnError(error, 'CAIRN_ILLEGAL_STATUS')) return this.#commands.getById(command.tenantId, command.id)
      const bare = bareChange(change, error)
      if (bare === undefined) throw error
      return this.#commands.markStatus(command.tenantId, command.id, bare)
    }
  }
}
