import type { CairnError } from '@cairn/core'

/** building: far behind. catching-up: behind what was written meanwhile. verifying: compared. switching: becomes visible. */
export type RebuildPhase = 'preparing' | 'building' | 'catching-up' | 'verifying' | 'switching' | 'done'

/** How far one projection's build is. */
export interface RebuildProgress {
  readonly projection: string
  readonly phase: RebuildPhase
  /** Where this run began, where it is, and where the log ends. */
  readonly start: number
  readonly position: number
  readonly horizon: number
  /** Events handled by this run. */
  readonly events: number
  /** Positions between here and the end of the log. */
  readonly lag: number
  /** True while it holds back because somebody writes. */
  readonly throttled: boolean
}

export interface TableRows {
  /** The physical table. */
  readonly table: string
  readonly rows: number
}

/** rebuilt: visible now. up-to-date: there was nothing to do. cancelled: goes on with the same call. failed: see `error`. */
export type RebuildStatus = 'rebuilt' | 'up-to-date' | 'planned' | 'cancelled' | 'failed'

/** What became of one projection. */
export interface RebuildOutcome {
  readonly projection: string
  readonly status: RebuildStatus
  readonly fromVersion: number | undefined
  readonly toVersion: number
  readonly generation: number | undefined
  /** Events handled by this run. */
  readonly events: number
  readonly seconds: number
  readonly tables: readonly TableRows[]
  /** Parked events, and those that wait behind them. */
  readonly parked: number
  /** Where the build stands. */
  readonly position: number
  readonly error?: CairnError | Error | undefined
}
