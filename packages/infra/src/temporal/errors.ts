import { CairnError } from '@cairn/core'

/** Temporal cannot be reached, or no worker answered in time. What was stored stays pending. */
export class TemporalUnavailableError extends CairnError {
  readonly code = 'CAIRN_TEMPORAL_UNAVAILABLE'
  readonly retryable = true

  constructor(what: string, afterMs: number, cause: unknown) {
    super(
      `Temporal did not carry out ${what} within ${Math.round(afterMs)} ms: ${cause instanceof Error ? cause.message : String(cause)}. ` +
        `What was stored stays pending and may be sent again; see that the server is up and that a worker serves the task queue.`,
      { cause },
    )
  }
}

/** More waits in the router than it may hold. */
export class RouterFullError extends CairnError {
  readonly code = 'CAIRN_ROUTER_FULL'
  readonly retryable = true

  constructor(waiting: number) {
    super(`${waiting} items wait for their workflows already, as many as this router may hold. Send again later, or raise maxWaiting.`, {
      details: { waiting },
    })
  }
}

/** A command was taken but not carried out, for a reason that is not its own. Its row is pending again. */
export class CommandGivenBackError extends CairnError {
  readonly code = 'CAIRN_COMMAND_GIVEN_BACK'
  readonly retryable = true

  constructor(commandId: string, reason: { readonly code: string; readonly message: string }) {
    super(`Command ${commandId} could not be carried out now (${reason.code}: ${reason.message}). It stays pending; schedule it again.`, {
      details: { commandId, reason },
    })
  }
}

/** No workflow of this name is known to the scheduler. */
export class UnknownWorkflowTypeError extends CairnError {
  readonly code = 'CAIRN_UNKNOWN_WORKFLOW_TYPE'
  readonly retryable = false

  constructor(workflowType: string, known: readonly string[]) {
    super(
      `No workflow type "${workflowType}" is registered. ${known.length === 0 ? 'None is' : `Known are: ${known.join(', ')}`}. ` +
        `Name it among the workflowTypes of temporal({ … }), and export it from the workers' workflows.`,
      { details: { workflowType, known } },
    )
  }
}
