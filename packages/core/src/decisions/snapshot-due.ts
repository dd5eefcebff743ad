import type { AggregateModel } from '../aggregate/index.ts'
import type { LoggerPort, SnapshotToStore } from '../ports/index.ts'

/** The snapshot to store with an append, where one is due. One that cannot be made is logged: no append fails because of it. */
export function snapshotDue(
  model: AggregateModel,
  from: number,
  to: number,
  state: unknown,
  logger: LoggerPort,
): SnapshotToStore | undefined {
  const { snapshots } = model
  if (snapshots === undefined || to === from || !snapshots.due(from, to)) return undefined
  try {
    return { version: to, schemaVersion: snapshots.schemaVersion, state: snapshots.encode(state) }
  } catch (error) {
    logger.warn(`A snapshot of ${model.aggregateType} at version ${to} could not be made; its events are stored without it.`, { error })
    return undefined
  }
}
