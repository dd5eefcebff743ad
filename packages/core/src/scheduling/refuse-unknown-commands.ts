import { UnknownTypeError } from '../errors/index.ts'
import type { RefusedCommand } from '../ports/index.ts'
import { nearest } from '../registry/nearest.ts'
import type { AdmissionParts } from './admit-raw-commands.ts'
import { commandFailure } from './command-failure.ts'
import type { UnbrokenBeats } from './unbroken-beats.ts'

/**
 * Ends commands of types that no worker has known for so long, once one's own beats have gone on for as long: after an outage, those
 * who know them may only be on their way back.
 */
export async function refuseUnknownCommands(
  { due, registry, isHandled, logger }: AdmissionParts,
  beats: UnbrokenBeats,
  graceMs: number,
  limit: number,
): Promise<void> {
  if (!beats.ranFor(graceMs)) return
  const unknown = (await due.unknown(graceMs, limit)).filter(({ type }) => isHandled?.(type) !== true)
  if (unknown.length === 0) return
  const refused = unknown.map(({ tenantId, id, type }): RefusedCommand => {
    const error = commandFailure(new UnknownTypeError('command', type, nearest(type, registry.commandTypes)))
    return { tenantId, id, error }
  })
  for (const { tenantId, id, error } of refused) logger.error(error.message, { tenantId, commandId: id, code: error.code })
  await due.refuse(refused)
}
