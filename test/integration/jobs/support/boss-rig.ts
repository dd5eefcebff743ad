import type { CommandDispatcher, Domain, LoggerPort } from '@cairn/core'
import { pgBoss, type PgBossOptions, type RunningPgBoss } from '@cairn/infra/jobs'
import { counting } from '@cairn/testing/contracts'
import { ProcessRig } from '../../../support/process-rig.ts'
import type { PgStores } from '../../processes/support/pg-stores.ts'

export interface RiggedBoss extends RunningPgBoss {
  readonly rig: ProcessRig
  readonly stores: PgStores
}

export interface BossRigOptions extends PgBossOptions {
  readonly domains?: readonly Domain[]
  readonly ownerUrl?: string
  readonly logger?: LoggerPort
  /** Stands between the scheduler and the bus. */
  readonly bus?: (bus: CommandDispatcher) => CommandDispatcher
}

/** A process that carries commands out through pg-boss. */
export async function startBoss(stores: PgStores, options: BossRigOptions = {}): Promise<RiggedBoss> {
  const { domains = [counting], ownerUrl, logger, bus = (one: CommandDispatcher) => one, ...own } = options
  const rig = new ProcessRig(stores, { domains })
  const { db, commands, due, hints } = stores
  const running = pgBoss({ retryMs: 20, stopTimeoutMs: 10_000, ...own }).start({
    db,
    bus: bus(rig.bus),
    registry: rig.registry,
    commands,
    due,
    hints,
    ownerUrl,
    logger,
  })
  await running.ready
  return { ...running, rig, stores }
}
