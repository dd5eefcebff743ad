import {
  silentLogger,
  type CommandDispatcher,
  type CommandStorePort,
  type CommandTypes,
  type DueCommandsPort,
  type HintsPort,
  type JobSchedulerPort,
  type LoggerPort,
} from '@cairn/core'
import type { PgDatabase } from '../pg/connection/pg-database.ts'
import { resolvePgBossOptions, type PgBossOptions } from './pg-boss-options.ts'
import { PgBossScheduler } from './pg-boss-scheduler.ts'

/** What an app gives to its scheduler. */
export interface PgBossContext {
  /** As `openPg` opened it. */
  readonly db: PgDatabase
  readonly bus: CommandDispatcher
  /** Which command types this process knows, and how rows that were written with SQL alone are completed. */
  readonly registry: CommandTypes
  readonly commands: CommandStorePort
  readonly due: DueCommandsPort
  /** Wakes the scheduler; it polls as the base. @default none */
  readonly hints?: Pick<HintsPort, 'listen'> | undefined
  /** A login that may make the schema of the jobs (CAIRN_OWNER_URL). @default the app's own, where it may */
  readonly ownerUrl?: string | undefined
  /** False: this process leaves all work to others, as with `worker: false`. @default true */
  readonly background?: boolean | undefined
  /** What this process is called in lists. @default the pid */
  readonly label?: string | undefined
  readonly logger?: LoggerPort | undefined
}

export interface RunningPgBoss {
  readonly scheduler: JobSchedulerPort
  /**
   * Resolves when this process hands commands over and carries them out; at once where others do.
   * @throws SchemaVersionError where the schema of the jobs is missing or of another version, and this login may not make it
   */
  readonly ready: Promise<void>
  /** Takes nothing new and lets what is under way end. The app's database is still open then. */
  stop(): Promise<void>
}

export interface PgBossSetup {
  readonly kind: 'pg-boss'
  start(context: PgBossContext): RunningPgBoss
}

/**
 * Stored commands as jobs of pg-boss, in the same database: `createCairn({ scheduler: pgBoss() })`.
 * @throws InvalidInputError naming the option
 */
export function pgBoss(options: PgBossOptions = {}): PgBossSetup {
  const resolved = resolvePgBossOptions(options)
  return {
    kind: 'pg-boss',
    start(context) {
      const { background = true, logger = silentLogger } = context
      const scheduler = new PgBossScheduler({ ...context, logger }, { ...resolved, worker: resolved.worker && background })
      return { scheduler, ready: scheduler.start(), stop: () => scheduler.stop() }
    },
  }
}
