import type { Command } from '../contracts/index.ts'
import type { DueCommandsPort, LoggerPort, RefusedCommand } from '../ports/index.ts'

export interface Admission {
  readonly admitted: readonly Command[]
  readonly refused: readonly RefusedCommand[]
}

/**
 * Writes down which rows were admitted and which were not. What the store cannot keep is refused too, and what is refused ends even
 * where the others cannot be admitted now: were it not, the same rows would be met for ever.
 * Answers those that the store cannot keep.
 */
export async function settleAdmission(
  due: Pick<DueCommandsPort, 'admit' | 'refuse'>,
  { admitted, refused }: Admission,
  logger?: Pick<LoggerPort, 'error'>,
): Promise<readonly RefusedCommand[]> {
  let unfit: readonly RefusedCommand[] = []
  try {
    unfit = await due.admit(admitted)
  } finally {
    for (const { tenantId, id, error } of unfit) logger?.error(error.message, { tenantId, commandId: id, code: error.code })
    await due.refuse([...refused, ...unfit])
  }
  return unfit
}
