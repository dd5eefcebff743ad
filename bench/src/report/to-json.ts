import type { System } from '../contestants/contestant.ts'
import type { ReadSide, ReadTarget } from '../read-side/read-report.ts'
import type { ReadSizes } from '../read-side/sizes.ts'
import type { OrderResult } from '../runner/run-order.ts'
import { bestOf, type RowResult } from '../runner/series.ts'
import { median } from '../runner/statistics.ts'
import type { Machine } from './machine.ts'

export interface JsonRow {
  readonly id: string
  readonly unit: string
  readonly title: string
  /** Median operations per second of each system's fastest valid variant; null when it did not run or does not count. */
  readonly cairn: number | null
  readonly emmett: number | null
  readonly evtstore: number | null
  readonly floor: number | null
  /** Cairn's figure over the other's. */
  readonly toEmmett: number | null
  readonly toEvtstore: number | null
  readonly toFloor: number | null
  readonly targets: readonly { readonly to: string; readonly atLeast: number; readonly met: boolean | null }[]
  readonly series: readonly {
    readonly system: System
    readonly variant: string
    readonly counted: boolean
    readonly beside: boolean
    readonly median: number | null
    readonly rounds: readonly number[]
    /** Median microseconds of processor time per operation, in the system's own process and in PostgreSQL's. */
    readonly clientMicros: number | null
    readonly serverMicros: number | null
    readonly problem: string | null
  }[]
  /** The short runs that chose the variants. */
  readonly trials: readonly { readonly system: System; readonly variant: string; readonly rate: number; readonly problem: string | null }[]
}

export interface Report {
  readonly machine: Machine
  readonly versions: Readonly<Record<string, string>>
  readonly settings: { readonly rounds: number; readonly seconds: number; readonly at: string }
  readonly rows: readonly JsonRow[]
  /** How many events a reader of the whole log missed, met twice or met out of order. */
  readonly order: readonly OrderResult[]
  /** Present when one of its rows ran. */
  readonly readSide?: ReadSide & { readonly sizes: ReadSizes; readonly targets: readonly ReadTarget[] }
}

export function jsonRow(result: RowResult): JsonRow {
  const { row } = result
  const figure = (system: System): number | null => rounded(bestOf(result, system)?.rate)
  const cairn = figure('cairn')
  const ratio = (other: number | null): number | null => (cairn === null || other === null ? null : Math.round((cairn / other) * 100) / 100)
  const [emmett, evtstore, floor] = [figure('emmett'), figure('evtstore'), figure('floor')]
  const ratios = { emmett: ratio(emmett), evtstore: ratio(evtstore), floor: ratio(floor) }
  return {
    id: row.id,
    unit: row.unit,
    title: row.title,
    cairn,
    emmett,
    evtstore,
    floor,
    toEmmett: ratios.emmett,
    toEvtstore: ratios.evtstore,
    toFloor: ratios.floor,
    targets: row.targets.map(({ to, atLeast }) => ({ to, atLeast, met: ratios[to] === null ? null : ratios[to] >= atLeast })),
    series: result.series.map((s) => ({
      system: s.system,
      variant: s.variant,
      counted: bestOf(result, s.system)?.variant === s.variant && !s.beside,
      beside: s.beside,
      median: rounded(median(s.rates)),
      clientMicros: rounded(median(s.clientMicros)),
      serverMicros: rounded(median(s.serverMicros)),
      rounds: s.rates.map((rate) => rounded(rate) ?? 0),
      problem: s.problem ?? null,
    })),
    trials: result.trials.map(({ system, variant, rate, problem }) => ({
      system,
      variant,
      rate: rounded(rate) ?? 0,
      problem: problem ?? null,
    })),
  }
}

/** Whole numbers, but for slow rows, where a digit behind the point still says something. */
function rounded(rate: number | undefined): number | null {
  if (rate === undefined || !Number.isFinite(rate)) return null
  return rate < 100 ? Math.round(rate * 10) / 10 : Math.round(rate)
}
