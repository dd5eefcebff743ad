import type { Measured } from '../child/protocol.ts'
import type { System, Variant } from '../contestants/contestant.ts'
import type { Row } from '../rows/row.ts'
import { ChildSystem } from './child-system.ts'
import type { Databases } from './databases.ts'
import { problemOf } from './problem-of.ts'
import type { Series, Trial } from './series.ts'

export interface EntrantOptions {
  /** Of each measurement in the rounds. */
  readonly seconds: number
  readonly databases: Databases
  /** Told before each step, for a progress display. */
  onStep(text: string): void
  readonly signal: AbortSignal
}

/** One system in one row: its process, its database, and what it scored. */
export class Entrant {
  readonly system: System
  readonly #row: Row
  readonly #options: EntrantOptions
  readonly #child: ChildSystem
  readonly #url: string
  readonly series: Series[] = []
  readonly trials: Trial[] = []

  private constructor(system: System, row: Row, options: EntrantOptions, url: string) {
    this.system = system
    this.#row = row
    this.#options = options
    this.#url = url
    this.#child = new ChildSystem(system)
  }

  static async open(system: System, row: Row, options: EntrantOptions): Promise<Entrant> {
    return new Entrant(system, row, options, await options.databases.create(`${row.id}_${system}`))
  }

  /** Migrates, seeds, and finds the fastest variants. A system that fails here is out of the row, with the reason. */
  async qualify(): Promise<void> {
    try {
      this.#options.onStep(`${this.system}: migrate and seed`)
      const { databases } = this.#options
      const variants = await this.#child.ask({
        ask: 'prepare',
        system: this.system,
        url: this.#url,
        schema: databases.schema,
        row: this.#row,
      })
      await databases.settle(this.#url)
      await this.#tryAll(variants)
      this.#choose()
      for (const { variant } of this.trials) {
        if (!this.series.some((s) => s.variant === variant)) await this.#child.ask({ ask: 'drop', variant })
      }
    } catch (error) {
      this.#fail(error)
    }
  }

  /** One measurement of a variant that is in the rounds. */
  async measure(series: Series, round: string): Promise<void> {
    if (series.problem !== undefined) return
    this.#options.signal.throwIfAborted()
    this.#options.onStep(`${round}: ${this.system}${this.series.length > 1 ? ` (${series.variant})` : ''}`)
    try {
      await this.#child.ask({ ask: 'renew' })
      await this.#options.databases.settle(this.#url)
      const measured = await this.#child.ask({ ask: 'measure', variant: series.variant, seconds: this.#options.seconds })
      series.rates.push(rateOf(measured))
      const { client, server } = measured.processor
      series.clientMicros.push((client / measured.operations) * 1e6)
      if (server !== undefined) series.serverMicros.push((server / measured.operations) * 1e6)
      series.problem = problemOf(this.#row, measured, series.beside)
    } catch (error) {
      this.#fail(error)
    }
  }

  /** The last look at the database: are all versions 1..n? */
  async inspect(): Promise<void> {
    if (this.series.every((s) => s.problem !== undefined)) return
    try {
      const { brokenStreams } = await this.#child.ask({ ask: 'stored' })
      if (brokenStreams > 0) for (const s of this.series) s.problem ??= `${brokenStreams} streams have versions that are not 1..n`
    } catch (error) {
      this.#fail(error)
    }
  }

  async close(): Promise<void> {
    await this.#child.close()
    await this.#options.databases.drop(this.#url)
  }

  /** Each variant's best of two short runs, there and back again: neither a cold start nor a moment's noise decides. */
  async #tryAll(variants: readonly Variant[]): Promise<void> {
    const rates = new Map<string, number>()
    const problems = new Map<string, string>()
    for (const { name, beside = false } of [...variants, ...variants.toReversed()]) {
      if (problems.has(name)) continue
      this.#options.signal.throwIfAborted()
      this.#options.onStep(`${this.system}: trial of ${name}`)
      await this.#child.ask({ ask: 'renew' })
      const measured = await this.#child.ask({ ask: 'measure', variant: name, seconds: this.#options.seconds / 3 })
      rates.set(name, Math.max(rates.get(name) ?? 0, rateOf(measured)))
      const problem = problemOf(this.#row, measured, beside)
      if (problem !== undefined) problems.set(name, problem)
    }
    for (const { name, beside = false } of variants) {
      this.trials.push({ system: this.system, variant: name, beside, rate: rates.get(name) ?? 0, problem: problems.get(name) })
    }
  }

  #choose(): void {
    const counted = this.trials.filter((t) => !t.beside)
    const sound = counted.filter((t) => t.problem === undefined).toSorted((a, b) => b.rate - a.rate)
    const best = sound[0]?.rate ?? 0
    // The runner-up goes on too when a short trial cannot tell the two apart.
    const kept = sound.filter((t) => t.rate >= 0.85 * best).slice(0, 2)
    // None is sound: the first stands for the system, with its reason.
    const chosen = kept.length > 0 ? kept : counted.slice(0, 1)
    for (const { variant, beside, problem } of [...chosen, ...this.trials.filter((t) => t.beside)]) {
      this.series.push({ system: this.system, variant, beside, rates: [], clientMicros: [], serverMicros: [], problem })
    }
  }

  #fail(error: unknown): void {
    this.#options.signal.throwIfAborted()
    const problem = error instanceof Error ? error.message : String(error)
    if (this.series.length === 0)
      this.series.push({ system: this.system, variant: '-', beside: false, rates: [], clientMicros: [], serverMicros: [], problem })
    for (const s of this.series) s.problem ??= problem
  }
}

function rateOf(measured: Measured): number {
  return measured.operations / measured.seconds
}
