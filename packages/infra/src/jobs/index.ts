export { LostJobsError } from './errors.ts'
export { pgBoss, type PgBossContext, type PgBossSetup, type RunningPgBoss } from './pg-boss.ts'
export type { PgBossOptions } from './pg-boss-options.ts'
export { PgBossScheduler } from './pg-boss-scheduler.ts'
