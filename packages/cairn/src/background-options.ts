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
   * False leaves the building of an async projection's new version to `rebuild-projections`: this process then refuses to start
   * without it; so does `migrate: false`. Inline projections are built at the start whatever it says, where the login may make
   * tables. @default true
   */
  readonly build?: boolean | undefined
  /**
   * How stored commands are carried out here: those put aside, timers, what process managers send, rows of SQL. False leaves them to
   * other processes. `pollMs` and `leaseMs` are those named above; where none is, `leaseMs` is 10_000 here (3_500 above).
   * @default true, 32 aggregates at once
   */
  readonly commands?: boolean | CommandWorkOptions | undefined
}
