import { InvalidInputError } from '@cairn/core'
import type { RebuildPlan } from './plan.ts'
import type { RebuildOutcome, RebuildProgress } from './progress.ts'

export interface RebuildOptions {
  /** Projections to rebuild. */
  readonly names?: readonly string[] | undefined
  /** Every projection of the host. @default false */
  readonly all?: boolean | undefined
  /** Leaves out those whose live tables were built from the definition that the code has. @default false */
  readonly outdated?: boolean | undefined
  /** Only this tenant's rows: built in side tables, replaced in one transaction. */
  readonly tenant?: string | undefined
  /** Drops an unfinished build and begins anew; also allows a changed definition under an unchanged version. @default false */
  readonly fromScratch?: boolean | undefined
  /** Stretches of the log that are read at once, 1..16. @default 2 */
  readonly parallel?: number | undefined
  /** Says what would be done, and does nothing. @default false */
  readonly dryRun?: boolean | undefined
  /** Empties the live tables and fills them again: readers see them filling. @default false */
  readonly inPlace?: boolean | undefined
  /** Leaves writers their share while they write. @default true */
  readonly throttle?: boolean | undefined
  /** Views of others that depend on a projection's views are made again. @default false */
  readonly recreateDependents?: boolean | undefined
  /** Folds the log a second time and compares before anything is switched. Not with `tenant` or `inPlace`. @default false */
  readonly verify?: boolean | undefined
  /** Sets events that fail aside, as the projection's policy says, where a rebuild would stop. Not with `tenant`. @default false */
  readonly park?: boolean | undefined
  /** Called once, before anything is changed. */
  readonly onPlan?: ((plans: readonly RebuildPlan[]) => void) | undefined
  /** Called often; draw less often. */
  readonly onProgress?: ((progress: RebuildProgress) => void) | undefined
  /** Called as each projection ends. */
  readonly onOutcome?: ((outcome: RebuildOutcome) => void) | undefined
  /** Stops after the commit that is under way; the same call goes on from there. */
  readonly signal?: AbortSignal | undefined
  /** Figures that tests set. */
  readonly tuning?: Partial<RebuildTuning> | undefined
}

/** How the build works; the defaults are measured. */
export interface RebuildTuning {
  /** Events of one read. @default 2_500 */
  readonly pageSize: number
  /** Events of one read while writers write and the throttle is on. @default 1_000 */
  readonly throttledPageSize: number
  /** The part of the time that a throttled build works. @default 0.6 */
  readonly duty: number
  /** Rows that wait in memory until they are written. @default 100_000 */
  readonly maxPendingRows: number
  /** Rows of each table of a partition that stay in memory between writes. @default 250_000 */
  readonly cacheRows: number
  /** About how many bytes the rows of a build may take. @default 134_217_728 */
  readonly cacheBytes: number
  /** Milliseconds from one write to the next. @default 5_000 */
  readonly flushEveryMs: number
  /** Milliseconds until a lease that is not renewed runs out. @default 5_000 */
  readonly leaseMs: number
  /** How often a switch is tried while the live generation moves on. @default 500 */
  readonly switchTries: number
}

export const defaultTuning: RebuildTuning = {
  pageSize: 2_500,
  throttledPageSize: 1_000,
  duty: 0.6,
  maxPendingRows: 100_000,
  cacheRows: 250_000,
  cacheBytes: 128 * 1024 * 1024,
  flushEveryMs: 5_000,
  leaseMs: 5_000,
  switchTries: 500,
}

/** Every option with its value. */
export interface ResolvedRebuildOptions extends Omit<RebuildOptions, 'tuning'> {
  readonly parallel: number
  readonly throttle: boolean
  readonly tuning: RebuildTuning
  readonly signal: AbortSignal
}

/** @throws InvalidInputError naming the option */
export function resolveRebuildOptions(options: RebuildOptions): ResolvedRebuildOptions {
  const parallel = options.parallel ?? 2
  if (!Number.isSafeInteger(parallel) || parallel < 1 || parallel > 16)
    throw new InvalidInputError('parallel', `parallel must be a whole number from 1 to 16, not ${String(parallel)}.`)
  if (options.tenant !== undefined && options.inPlace === true)
    throw new InvalidInputError('tenant', 'tenant and inPlace exclude each other: a tenant is rebuilt in side tables.')
  if (options.tenant !== undefined && options.park === true) {
    const reason = 'events that are set aside would be missing in the rows that replace the live ones.'
    throw new InvalidInputError('tenant', `tenant and park exclude each other: ${reason}`)
  }
  if (options.verify === true && (options.tenant !== undefined || options.inPlace === true)) {
    const other = options.inPlace === true ? 'inPlace' : 'tenant'
    const reason = 'only a whole generation that is built beside the live one is folded a second time.'
    throw new InvalidInputError('verify', `verify and ${other} exclude each other: ${reason}`)
  }
  return {
    ...options,
    parallel,
    throttle: options.throttle ?? true,
    tuning: { ...defaultTuning, ...options.tuning },
    signal: options.signal ?? new AbortController().signal,
  }
}
