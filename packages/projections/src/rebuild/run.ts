import type { ProjectionHost } from './host.ts'
import type { LeaseKeeper } from './lease-keeper.ts'
import type { ResolvedRebuildOptions } from './rebuild-options.ts'
import type { Throttle } from './throttle.ts'

/** What the parts of one rebuild share. */
export interface Run {
  readonly host: ProjectionHost
  readonly options: ResolvedRebuildOptions
  readonly keeper: LeaseKeeper
  readonly throttle: Throttle
}
