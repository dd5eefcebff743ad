import type { SubscriptionEngineOptions } from '@cairn/core'
import type { CommandWorkOptions } from './processes/command-work.ts'

/** How a process does its part of the background work. Every process of an app may say something else. */
export interface BackgroundOptions extends Pick<
  SubscriptionEngineOptions,
  | 'label'
  | 'leaseMs'
  | 'heartbeatMs'
  | 'pollMs'
  | 'pageSize'
  | 'catchUpPageSize'
  | 'batchSize'
  | 'batchMs'
  | 'commit'
  | 'lazyCheckpointMs'
  | 'slowHandlerMs'
  | 'standBackMs'
  | 'detachAfterMs'
  | 'observer'
  | 'faults'
> {
  /** Rows of each table of a projection that stay in memory between commits, in each partition. @default 50_000 */
  readonly cacheRows?: number | undefined
  /** About how many bytes they may take. @default 67_108_864 */
  readonly cacheBytes?: number | undefined
  /**
   * False leaves the building of a projection's new version to `rebuild-projections`: this process then refuses to start
   * without it. @default true, where the login may make tables
   */
  readonly build?: boolean | undefined
  /**
   * How stored commands are carried out here: those put aside, timers, what process managers send, rows of SQL. False leaves them to
   * other processes. `pollMs` and `leaseMs` are those from above unless named. @default true, 32 aggregates at once
   */
  readonly commands?: boolean | CommandWorkOptions | undefined
}
