import type { DueCommandsPort, LoggerPort, RawCommand, RefusedCommand } from '../ports/index.ts'
import { admitCommand, type CommandTypes } from './admit-command.ts'
import { commandFailure } from './command-failure.ts'
import { settleAdmission } from './settle-admission.ts'

export interface AdmissionParts {
  readonly due: DueCommandsPort
  readonly registry: CommandTypes
  /** Tells of a type that no aggregate handles whether somebody else does. @default nobody */
  readonly isHandled?: ((type: string) => boolean) | undefined
  readonly logger: LoggerPort
}

/** Completes rows that were written with SQL alone, or ends them. True when some may be claimed now. */
export async function admitRawCommands(
  { due, registry, isHandled, logger }: AdmissionParts,
  types: readonly string[],
  limit: number,
): Promise<boolean> {
  const raw = await due.raw(types, limit)
  const refused: RefusedCommand[] = []
  const admitted = raw.flatMap((row: RawCommand) => {
    try {
      return admitCommand(registry, row, isHandled)
    } catch (error) {
      const failure = commandFailure(error)
      logger.error(failure.message, { tenantId: row.tenantId, commandId: row.id, commandType: row.type, code: failure.code })
      refused.push({ tenantId: row.tenantId, id: row.id, error: failure })
      return []
    }
  })
  await settleAdmission(due, { admitted, refused }, logger)
  return raw.length > 0
}
