import type { AggregateModel } from '../aggregate/index.ts'
import type { Command } from '../contracts/index.ts'
import type { LoggerPort, SnapshotToStore } from '../ports/index.ts'
import { encodePayload } from '../validation/index.ts'

/**
 * The snapshot to store with an append, where one is due. One that cannot be made is logged: no append fails because of it.
 * @param command the last one of the append
 */
export function snapshotDue(
  model: AggregateModel,
  command: Command,
  from: number,
  to: number,
  state: unknown,
  logger: LoggerPort,
): SnapshotToStore | undefined {
  const { snapshots } = model
  if (snapshots === undefined || to === from) return undefined
  try {
    if (!snapshots.due(from, to)) return undefined
    const encoded = snapshots.encode(state)
    // What stores would refuse is found out here, where it costs the snapshot and not the append.
    encodePayload('a snapshot', encoded, Number.MAX_SAFE_INTEGER)
    return { version: to, schemaVersion: snapshots.schemaVersion, state: encoded }
  } catch (error) {
    const { tenantId, aggregateType, aggregateId, metadata } = command
    const { correlationId } = metadata
    const fields = { tenantId, correlationId, aggregateType, aggregateId, version: to, error }
    logger.warn('A snapshot that was due could not be made; the events are stored without it.', fields)
    return undefined
  }
}
