import { isCairnError, type CommandOutcome, type GroupRunner, type LoggerPort, type StoredCommand } from '@cairn/core'
import type { HandedOver, RunningScheduler } from './scheduler-setup.ts'

/** How long commands wait that a scheduler did not take, milliseconds. Where it cannot be reached, the gate waits longer. */
const againMs = 1_000
/** For so long a scheduler that answered is believed to be there, milliseconds. */
const believedMs = 1_000

/** Between the table and a scheduler outside of it: commands that are due are claimed, and given to it. */
export interface HandOver {
  readonly runGroup: GroupRunner
  /** Rejects while the scheduler cannot be reached: what is due stays pending. */
  readonly ready: () => Promise<void>
}

export function handOver(
  { check = () => Promise.resolve() }: Pick<RunningScheduler, 'check'>,
  carryOut: NonNullable<RunningScheduler['carryOut']>,
  logger: LoggerPort,
): HandOver {
  let answeredAt = -Infinity

  const handOne = async ({ command }: StoredCommand): Promise<CommandOutcome> => {
    const { tenantId, id, type } = command
    const answer = await carryOut(command).catch((error: unknown): HandedOver => {
      answeredAt = -Infinity
      const code = isCairnError(error) ? error.code : 'CAIRN_UNEXPECTED'
      return { status: 'pending', error: { code, message: error instanceof Error ? error.message : String(error) } }
    })
    // What has ended is not this worker's any more; what was started is on its way.
    if (answer.status !== 'pending') return { tenantId, id, status: 'handed' }
    logger.warn('A stored command was not carried out; it is handed over again.', {
      tenantId,
      commandId: id,
      commandType: type,
      ...answer.error,
    })
    return { tenantId, id, status: 'returned', afterMs: againMs }
  }

  return {
    // All at once: the scheduler keeps the order in which it was given them, and takes many in one go.
    runGroup: (group) => Promise.all(group.map(handOne)),
    ready: async () => {
      if (performance.now() - answeredAt < believedMs) return
      await check()
      answeredAt = performance.now()
    },
  }
}
