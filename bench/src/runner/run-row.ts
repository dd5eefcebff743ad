import { systems, type Stored, type System, type Variant } from '../contestants/contestant.ts'
import type { Measured } from '../child/protocol.ts'
import type { Row } from '../rows/row.ts'
import { ChildSystem } from './child-system.ts'
import type { Databases } from './databases.ts'
import { median, rotated } from './statistics.ts'

export interface RunOptions {
  readonly rounds: number
  /** Of each measurement. */
  readonly seconds: number
  readonly systems: readonly System[]
  readonly databases: Databases
  /** Told before each step, for a progress display. */
  onStep(text: string): void
  readonly signal: AbortSignal
}

/** One system in one way, over all rounds of a row. */
export interface Series {
  readonly system: System
  readonly variant: string
  readonly beside: boolean
  /** Operations per second, round by round. */
  readonly rates: number[]
  /** Why the figures do not count; undefined when everything was stored that should be. */
  problem: string | undefined
}

export interface RowResult {
  readonly row: Row
  readonly series: readonly Series[]
  /** What the trial before the rounds gave, per system and variant; only the best ran on. */
  readonly trials: readonly { readonly system: System; readonly variant: string; readonly rate: number }[]
}

/** The fastest valid way of a system; undefined when it did not run or nothing it did counts. */
export function bestOf(result: RowResult, system: System): { readonly variant: string; readonly rate: number } | undefined {
  return result.series
    .filter((s) => s.system === system && !s.beside && s.problem === undefined && s.rates.length > 0)
    .map((s) => ({ variant: s.variant, rate: median(s.rates) }))
    .toSorted((a, b) => b.rate - a.rate)[0]
}

interface Running {
  readonly child: ChildSystem
  readonly url: string
  readonly series: Series[]
}

interface Trial {
  readonly variant: string
  readonly beside: boolean
  readonly rate: number
}

/** Each variant's best of two short runs, there and back again: neither a cold start nor a moment's noise decides. */
async function tryAll(child: ChildSystem, variants: readonly Variant[], options: RunOptions): Promise<Trial[]> {
  const best = new Map<string, number>()
  for (const { name } of [...variants, ...variants.toReversed()]) {
    options.signal.throwIfAborted()
    options.onStep(`${child.system}: trial of ${name}`)
    const measured = await child.ask({ ask: 'measure', variant: name, seconds: options.seconds / 3 })
    best.set(name, Math.max(best.get(name) ?? 0, measured.operations / measured.seconds))
  }
  return variants.map(({ name, beside = false }) => ({ variant: name, beside, rate: best.get(name) ?? 0 }))
}

/** All systems in one row: a trial of each variant, then the rounds in rotating order. */
export async function runRow(row: Row, options: RunOptions): Promise<RowResult> {
  const { databases, onStep } = options
  const running: Running[] = []
  const trials: { system: System; variant: string; rate: number }[] = []
  try {
    for (const system of systems.filter((s) => options.systems.includes(s))) {
      options.signal.throwIfAborted()
      onStep(`${system}: migrate and seed`)
      const url = await databases.create(`${row.id}_${system}`)
      const child = new ChildSystem(system)
      const series: Series[] = []
      running.push({ child, url, series })
      const variants = await child.ask({ ask: 'prepare', system, url, schema: databases.schema, row })
      await databases.settle(url)
      const tried = await tryAll(child, variants, options)
      trials.push(...tried.map(({ variant, rate }) => ({ system, variant, rate })))
      const best = Math.max(...tried.filter((t) => !t.beside).map((t) => t.rate))
      // The runner-up goes on too when a short trial cannot tell the two apart.
      const kept = tried.filter((t) => !t.beside && t.rate >= 0.85 * best).toSorted((a, b) => b.rate - a.rate).slice(0, 2)
      for (const t of [...kept, ...tried.filter((other) => other.beside)]) {
        series.push({ system, variant: t.variant, beside: t.beside, rates: [], problem: undefined })
      }
      for (const t of tried) if (!series.some((s) => s.variant === t.variant)) await child.ask({ ask: 'drop', variant: t.variant })
    }
    for (let round = 0; round < options.rounds; round++) {
      for (const { child, url, series } of rotated(running, round)) {
        for (const s of rotated(series, round)) {
          options.signal.throwIfAborted()
          onStep(`round ${round + 1}/${options.rounds}: ${s.system}${series.length > 1 ? ` (${s.variant})` : ''}`)
          await databases.settle(url)
          const measured = await child.ask({ ask: 'measure', variant: s.variant, seconds: options.seconds })
          s.rates.push(measured.operations / measured.seconds)
          s.problem ??= problemOf(row, measured, s.beside)
        }
      }
    }
    for (const { child, series } of running) {
      const { brokenStreams }: Stored = await child.ask({ ask: 'stored' })
      if (brokenStreams > 0) for (const s of series) s.problem ??= `${brokenStreams} streams have versions that are not 1..n`
    }
    return { row, series: running.flatMap((r) => r.series), trials }
  } finally {
    await Promise.all(running.map(({ child }) => child.close()))
    for (const { url } of running) await databases.drop(url)
  }
}

/** What should be stored is counted in the database, so a system that loses work cannot win. */
function problemOf(row: Row, measured: Measured, beside: boolean): string | undefined {
  if (measured.failed > 0) return `${measured.failed} callers failed: ${measured.firstError}`
  const { shape } = row
  const perOperation = shape.kind === 'load' ? 0 : shape.kind === 'append' ? shape.eventsPerAppend : 1
  const expected = measured.operations * perOperation
  if (measured.eventsAdded !== expected) return `${measured.eventsAdded} events are stored, ${expected} were acknowledged`
  const receipts = shape.kind === 'load' ? 0 : measured.operations
  if (!beside && measured.receiptsAdded !== undefined && measured.receiptsAdded !== receipts) {
    return `${measured.receiptsAdded} receipts are stored, ${receipts} commands were acknowledged`
  }
  return undefined
}
