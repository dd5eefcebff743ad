import { ContinueAsNew, workflowInfo, type WorkflowInterceptorsFactory } from '@temporalio/workflow'
import { commandMemo, type CommandMemo, type WorkflowEnd } from './contract.ts'
import { cairnFinishCommand } from './activities.ts'

/** Writes how a workflow of a user's own ended into the row of the command that it was started for. */
export const interceptors: WorkflowInterceptorsFactory = () => ({
  inbound: [
    {
      async execute(input, next) {
        const memo = workflowInfo().memo?.[commandMemo]
        if (!isCommandMemo(memo)) return next(input)
        let end: WorkflowEnd
        try {
          const result = await next(input)
          end = result === undefined ? { status: 'processed' } : { status: 'processed', result }
          await cairnFinishCommand(memo, end)
          return result
        } catch (error) {
          // The next run goes on with the same command.
          if (error instanceof ContinueAsNew) throw error
          const message = error instanceof Error ? error.message : String(error)
          await cairnFinishCommand(memo, { status: 'failed', error: { code: 'CAIRN_WORKFLOW_FAILED', message } })
          throw error
        }
      },
    },
  ],
})

function isCommandMemo(memo: unknown): memo is CommandMemo {
  return typeof memo === 'object' && memo !== null && 'tenantId' in memo && 'commandId' in memo
}
