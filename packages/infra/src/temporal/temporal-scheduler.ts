import {
  CommandIdReusedError,
  hashCommand,
  IllegalStatusError,
  InFlight,
  type Command,
  type CommandStorePort,
  type EventPublisherPort,
  type JobSchedulerPort,
  type RecordedEvent,
  type StoredCommand,
} from '@cairn/core'
import type { Client } from '@temporalio/client'
import { commandBatches, type CommandBatches } from './command-batches.ts'
import { CommandGivenBackError, RouterFullError } from './errors.ts'
import type { ProcessForwarder } from './process-forwarder.ts'
import type { WorkflowRouter } from './routing/workflow-router.ts'
import { RowBatches } from './row-batches.ts'
import { ScheduledWorkflows, type ScheduledWorkflow } from './scheduled-workflows.ts'
import { sharedQueue, type TaskQueues } from './task-queues.ts'
import type { CommandAnswer } from './workflows/contract.ts'

export interface TemporalSchedulerParts {
  readonly client: Client
  readonly commands: CommandStorePort
  /** Rows in bulk. @default over `commands`, one statement per row */
  readonly batches?: CommandBatches | undefined
  readonly router: WorkflowRouter
  /** Hands events to process managers. @default none */
  readonly forwarder?: ProcessForwarder | undefined
  /** @default one for all, 'cairn' */
  readonly taskQueues?: TaskQueues | undefined
  /** Which command types are carried out by a user's own workflow, and by which. @default none: all go to their aggregates */
  readonly workflows?: Readonly<Record<string, string>> | undefined
  /** Further workflow types that `scheduleWorkflow` may start. */
  readonly workflowTypes?: readonly string[] | undefined
}

export interface ScheduleWorkflowOptions {
  readonly workflowType: string
  /**
   * True: the command is pending until its workflow has started, and whoever takes pending rows may take it. For rows that wait in the
   * table anyway, as those of a pump. @default true where `workflows` names this workflow for the command's type
   */
  readonly pending?: boolean | undefined
}

/** What became of a stored command. Started: a workflow of the user's own runs for it, and writes its end into the row. */
export type CarriedOut = CommandAnswer | { readonly status: 'started' }

/**
 * Runs commands through Temporal. The command's row is stored before anything else and says how far it got; Temporal is told the
 * ids. Should this process die on the way, scheduling the command again finishes it, or joins the run that goes on.
 */
export class TemporalScheduler implements JobSchedulerPort, EventPublisherPort {
  readonly #parts: TemporalSchedulerParts
  readonly #workflows: ScheduledWorkflows
  readonly #inFlight = new InFlight('The scheduler')
  readonly #rows: RowBatches
  readonly #running = new Map<string, { readonly hash: string; readonly outcome: Promise<StoredCommand> }>()

  constructor(parts: TemporalSchedulerParts) {
    this.#parts = parts
    const { client, commands, taskQueues = sharedQueue, workflows = {}, workflowTypes = [] } = parts
    const known = [...new Set([...Object.values(workflows), ...workflowTypes])]
    this.#rows = new RowBatches(parts.batches ?? commandBatches(commands))
    this.#workflows = new ScheduledWorkflows(client, commands, taskQueues, known)
  }

  /**
   * @throws CommandIdReusedError when the id was used with other content
   * @throws TemporalUnavailableError, RouterFullError, CommandGivenBackError, DatabaseUnavailableError, PoolExhaustedError; the
   *   command is then pending, if it was stored, and may be scheduled again
   */
  schedule(command: Command): Promise<StoredCommand> {
    const key = `${command.tenantId}\0${command.id.toLowerCase()}`
    const hash = hashCommand(command)
    const running = this.#running.get(key)
    if (running !== undefined) {
      return running.hash === hash ? running.outcome : Promise.reject(new CommandIdReusedError(command.tenantId, command.id))
    }
    const { maxWaiting } = this.#parts.router
    if (this.#running.size >= maxWaiting) return Promise.reject(new RouterFullError(maxWaiting))
    const outcome = this.#inFlight.run(() => this.#run(command)).finally(() => this.#running.delete(key))
    this.#running.set(key, { hash, outcome })
    return outcome
  }

  /** Withdraws a command that no worker has taken. */
  cancel(tenantId: string, commandId: string): Promise<boolean> {
    return this.#parts.commands.withdraw(tenantId, commandId)
  }

  /** Hands events to the process managers that react to them. @throws TemporalUnavailableError, and what a reaction throws */
  async publish(events: readonly RecordedEvent[]): Promise<void> {
    await this.#parts.forwarder?.deliver(events)
  }

  /**
   * Starts a workflow of the user's own for a command: id `${tenantId}-${command.id}`, in the tenant's task queue, with the
   * command as its argument. The same command again joins its run, or starts it where that failed before.
   * @throws UnknownWorkflowTypeError; the command has failed then
   * @throws TemporalUnavailableError; the command is pending then where whoever takes it starts this workflow (its type names it, or
   *   `pending` was said), and else consumed: its aggregate must not carry it out instead
   */
  scheduleWorkflow(command: Command, { workflowType, pending }: ScheduleWorkflowOptions): Promise<ScheduledWorkflow> {
    const stays = pending ?? this.#parts.workflows?.[command.type] === workflowType
    return this.#inFlight.run(() => this.#workflows.schedule(command, workflowType, stays ? 'pending' : 'consumed'))
  }

  /**
   * Asks the workflow that a command started to end; the command then fails, when the workflow has. Returns false when there is
   * none that runs. @throws TemporalUnavailableError
   */
  cancelWorkflow(tenantId: string, commandId: string): Promise<boolean> {
    return this.#workflows.cancel(tenantId, commandId)
  }

  /** Has a command that is stored carried out, as a pump does. @throws as `schedule` */
  async carryOut(command: Command): Promise<CarriedOut> {
    return this.#inFlight.run(() => this.#carryOut(command))
  }

  /** Takes nothing new, and resolves when what is under way has been answered. */
  async stop(): Promise<void> {
    await this.#inFlight.stop()
    await this.#parts.router.close()
  }

  async #run(command: Command): Promise<StoredCommand> {
    const stored = await this.#rows.upsert(command)
    if (stored.status === 'processed' || stored.status === 'failed') return stored
    const workflowType = this.#parts.workflows?.[command.type]
    if (workflowType !== undefined) return this.#await(stored.command, workflowType)
    const answer = await this.#carryOut(stored.command)
    if (answer.status === 'pending') throw new CommandGivenBackError(command.id, answer.error)
    return this.#rows.load(command.tenantId, command.id)
  }

  async #await(command: Command, workflowType: string): Promise<StoredCommand> {
    const final = await this.#workflows.finish(command, await this.#workflows.schedule(command, workflowType, 'pending'))
    if (final === undefined) throw new IllegalStatusError(command.id, undefined, 'processed')
    return final
  }

  async #carryOut(command: Command): Promise<CarriedOut> {
    const workflowType = this.#parts.workflows?.[command.type]
    if (workflowType === undefined) return this.#parts.router.route(command, command.id)
    await this.#workflows.schedule(command, workflowType, 'pending')
    return { status: 'started' }
  }
}
