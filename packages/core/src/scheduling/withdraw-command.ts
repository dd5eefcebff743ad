import { isCairnError } from '../errors/index.ts'
import type { CommandStorePort } from '../ports/index.ts'

/** Ends a command that nobody has taken as failed, with CAIRN_COMMAND_CANCELLED. False when it is under way, has ended or is not stored. */
export async function withdrawCommand(
  commands: Pick<CommandStorePort, 'getById' | 'markStatus'>,
  tenantId: string,
  commandId: string,
): Promise<boolean> {
  const stored = await commands.getById(tenantId, commandId)
  if (stored?.status !== 'pending') return false
  const error = { code: 'CAIRN_COMMAND_CANCELLED', message: 'The command was cancelled before it started.', retryable: false }
  try {
    await commands.markStatus(tenantId, commandId, { status: 'failed', error })
    return true
  } catch (failure) {
    if (isCairnError(failure, 'CAIRN_ILLEGAL_STATUS')) return false
    throw failure
  }
}
