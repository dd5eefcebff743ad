import { bareChange, isCairnError, type CommandStorePort, type StatusChange } from '@cairn/core'
import type { CairnActivities } from '../workflows/contract.ts'

/** Writes how a user's workflow ended into its command's row; once, whatever is repeated. */
export function finishCommand(commands: CommandStorePort): CairnActivities['cairnFinishCommand'] {
  return async ({ tenantId, commandId }, end) => {
    const change: StatusChange = end.status === 'processed' ? end : { status: end.status, error: { ...end.error, retryable: false } }
    try {
      await commands.markStatus(tenantId, commandId, change)
    } catch (error) {
      if (isCairnError(error, 'CAIRN_ILLEGAL_STATUS')) return
      // A result that is too large, say: the workflow has ended all the same, and its history keeps what it returned.
      const bare = bareChange(change, error)
      if (bare === undefined) throw error
      await commands.markStatus(tenantId, commandId, bare)
    }
  }
}
