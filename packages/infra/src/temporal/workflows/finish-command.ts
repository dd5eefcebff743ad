import { CancellationScope, ContinueAsNew, isCancellation, workflowInfo, type WorkflowInterceptorsFactory } from '@temporalio/workflow'
import { cairnFinishCommand } from './activities.ts'
import { commandMemo, type CommandMemo, type WorkflowEnd } from './contract.ts'

/** Writes how a workflow of a user's own ended into the row of the command that it was started for. */
export const interceptors: WorkflowInterceptorsFactory = () => ({
  inbound: [
    {
      async execute(input, next) {
        const memo = workflowInfo().memo?.[commandMemo]
        if (!isCommandMemo(memo)) return next(input)
        let result: unknown
        try {
          result = await next(input)
        } catch (error) {
          // The next run goes on with the same command.
          if (!(error instanceof ContinueAsNew)) await write(memo, failure(error))
          throw error
        }
        await write(memo, result === undefined ? { status: 'processed' } : { status: 'processed', result })
        return result
      },
    },
  ],
})

/** Also in a run that was cancelled, where everything else is refused. */
function write(memo: CommandMemo, end: WorkflowEnd): Promise<void> {
  return CancellationScope.nonCancellable(() => cairnFinishCommand(memo, end))
}

function failure(error: unknown): WorkflowEnd {
  const code = isCancellation(error) ? 'CAIRN_COMMAND_CANCELLED' : 'CAIRN_WORKFLOW_FAILED'
  return { status: 'failed', error: { code, message: error instanceof Error ? error.message : String(error) } }
}

function isCommandMemo(memo: unknown): memo is CommandMemo {
  return typeof memo === 'object' && memo !== null && 'tenantId' in memo && 'commandId' in memo
}
