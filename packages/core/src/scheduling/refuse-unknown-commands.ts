import { UnknownTypeError } from '../errors/index.ts'
import type { DueCommandsPort, LoggerPort, RefusedCommand } from '../ports/index.ts'
import { nearest } from '../registry/nearest.ts'
import type { CommandTypes } from './admit-command.ts'
import { commandFailure } from './command-failure.ts'

/** Ends commands of types that no living worker has known for so long. */
export async function refuseUnknownCommands(
  { due, registry, logger }: { readonly due: DueCommandsPort; readonly registry: CommandTypes; readonly logger: LoggerPort },
  graceMs: number,
  limit: number,
): Promise<void> {
  const unknown = await due.unknown(graceMs, limit)
  if (unknown.length === 0) return
  const refused = unknown.map(({ tenantId, id, type }): RefusedCommand => {
    const error = commandFailure(new UnknownTypeError('command', type, nearest(type, registry.commandTypes)))
    return { tenantId, id, error }
  })
  for (const { tenantId, id, error } of refused) logger.error(error.message, { tenantId, commandId: id, code: error.code })
  await due.refuse(refused)
}
