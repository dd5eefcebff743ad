import type { Command } from '@cairn/core'
import { ApplicationFailure, heartbeat } from '@temporalio/activity'
import type { CommandBatches } from '../command-batches.ts'
import type { CarriedOut } from '../temporal-scheduler.ts'
import type { CairnActivities } from '../workflows/contract.ts'

export interface RunCommandsParts {
  readonly batches: CommandBatches
  /** `TemporalScheduler.carryOut`. */
  readonly carryOut: (command: Command) => Promise<CarriedOut>
}

/** A fraction of the activity's heartbeat timeout. */
const heartbeatMs = 1_000

/** Has stored commands carried out by their aggregates' workflows. One that was withdrawn, or has ended, is passed over. */
export function runCommands({ batches, carryOut }: RunCommandsParts): CairnActivities['cairnRunCommands'] {
  return async (tenantId, commandIds) => {
    const beat = setInterval(() => heartbeat(), heartbeatMs)
    try {
      await runAll(tenantId, commandIds)
    } finally {
      clearInterval(beat)
    }
  }

  async function runAll(tenantId: string, commandIds: readonly string[]): Promise<void> {
    const rows = await batches.load(tenantId, commandIds)
    const answers = await Promise.all(
      rows.map((row) => (row === undefined || row.status === 'processed' || row.status === 'failed' ? undefined : carryOut(row.command))),
    )
    for (const answer of answers) {
      if (answer?.status === 'pending') throw ApplicationFailure.create({ message: answer.error.message, type: answer.error.code })
    }
  }
}
