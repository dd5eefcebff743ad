import type { Command } from '../contracts/index.ts'
import { InvalidInputError, isCairnError } from '../errors/index.ts'
import type { CommandStorePort, StatusChange } from '../ports/index.ts'
import { commandFailure } from '../scheduling/command-failure.ts'

/** What a command pump hands commands to: a `JobSchedulerPort`, or one that can do more. */
export interface CommandTaker {
  /** Carries a stored command out, or takes it over. An answer with a status says how far it got. */
  schedule(command: Command): Promise<unknown>
  /** The same for a command that is stored already, where the scheduler can spare its row. */
  carryOut?(command: Command): Promise<unknown>
  /** Starts a workflow of the user's own; the same command again joins its run. */
  scheduleWorkflow?(command: Command, options: { readonly workflowType: string; readonly pending?: boolean }): Promise<unknown>
}

export interface CommandHelpers {
  /** Starts a workflow for a command that is pending, and stays so until then. @throws what the scheduler throws; InvalidInputError where it has no workflows */
  scheduleWorkflow(command: Command, options: { readonly workflowType: string }): Promise<unknown>
  /** A scheduler has the command. One that has ended, or that somebody else took, stays as it is. */
  markConsumed(command: Pick<Command, 'tenantId' | 'id'>): Promise<void>
  /** The command cannot be carried out; `error` is kept with it. One that has ended stays as it is. */
  markFailed(command: Pick<Command, 'tenantId' | 'id'>, error: unknown): Promise<void>
}

export function commandHelpers(scheduler: CommandTaker, commands: Pick<CommandStorePort, 'markStatus'>): CommandHelpers {
  const mark = async ({ tenantId, id }: Pick<Command, 'tenantId' | 'id'>, change: StatusChange): Promise<void> => {
    try {
      await commands.markStatus(tenantId, id, change)
    } catch (error) {
      if (!isCairnError(error, 'CAIRN_ILLEGAL_STATUS')) throw error
    }
  }
  return {
    async scheduleWorkflow(command, options) {
      if (scheduler.scheduleWorkflow !== undefined) return scheduler.scheduleWorkflow(command, { ...options, pending: true })
      throw new InvalidInputError('scheduler', 'This scheduler runs no workflows; those of Temporal do.')
    },
    markConsumed: (command) => mark(command, { status: 'consumed' }),
    markFailed: (command, error) => mark(command, { status: 'failed', error: commandFailure(error) }),
  }
}
