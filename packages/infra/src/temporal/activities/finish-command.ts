import { isCairnError, type CommandStorePort } from '@cairn/core'
import type { CairnActivities } from '../workflows/contract.ts'

/** Writes how a user's workflow ended into its command's row; once, whatever is repeated. */
export function finishCommand(commands: CommandStorePort): CairnActivities['cairnFinishCommand'] {
  return async ({ tenantId, commandId }, end) => {
    try {
      const change = end.status === 'processed' ? end : { status: end.status, error: { ...end.error, retryable: false } }
      await commands.markStatus(tenantId, commandId, change)
    } catch (error) {
      if (!isCairnError(error, 'CAIRN_ILLEGAL_STATUS')) throw error
    }
  }
}
