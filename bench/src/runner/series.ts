import type { System } from '../contestants/contestant.ts'
import type { Row } from '../rows/row.ts'
import { median } from './statistics.ts'

/** One system in one way, over all rounds of a row. */
export interface Series {
  readonly system: System
  readonly variant: string
  readonly beside: boolean
  /** Operations per second, round by round. */
  readonly rates: number[]
  /** Microseconds of processor time per operation, round by round. */
  readonly clientMicros: number[]
  /** The same of PostgreSQL's processes; empty where they cannot be seen. */
  readonly serverMicros: number[]
  /** Why the figures do not count; undefined when everything was stored that should be. */
  problem: string | undefined
}

/** A short run before the rounds, to find the fastest way of a system. */
export interface Trial {
  readonly system: System
  readonly variant: string
  readonly beside: boolean
  readonly rate: number
  readonly problem: string | undefined
}

export interface RowResult {
  readonly row: Row
  readonly series: readonly Series[]
  readonly trials: readonly Trial[]
}

/** The fastest valid way of a system; undefined when it did not run or nothing it did counts. */
export function bestOf(result: RowResult, system: System): { readonly variant: string; readonly rate: number } | undefined {
  return result.series
    .filter((s) => s.system === system && !s.beside && s.problem === undefined && s.rates.length > 0)
    .map((s) => ({ variant: s.variant, rate: median(s.rates) }))
    .toSorted((a, b) => b.rate - a.rate)[0]
}
