import type { RebuildOutcome, RebuildProgress } from '@cairn/cairn'
import type { HistoryApp } from '../import/history-app.ts'
import { count, duration, plural } from './format.ts'

const barWidth = 16

/** Builds one projection anew, beside the tables that readers see, while the import goes on writing. */
export class HotspotsRebuild {
  readonly #app: HistoryApp
  readonly #signal: AbortSignal
  #progress: RebuildProgress | undefined
  #running: Promise<RebuildOutcome | undefined> | undefined
  #outcome: RebuildOutcome | undefined

  constructor(app: HistoryApp, signal: AbortSignal) {
    this.#app = app
    this.#signal = signal
  }

  /** Once; later calls do nothing. */
  start(): void {
    this.#running ??= this.#run()
  }

  get started(): boolean {
    return this.#running !== undefined
  }

  get outcome(): RebuildOutcome | undefined {
    return this.#outcome
  }

  /** Resolves when it is done. @throws what the rebuild failed with */
  async ended(): Promise<RebuildOutcome | undefined> {
    const outcome = await this.#running
    if (outcome?.status === 'failed') throw outcome.error ?? new Error('The rebuild of hotspots failed.')
    return outcome
  }

  /** How far it is, in one line. */
  get line(): string {
    if (this.#outcome !== undefined) return sentenceOf(this.#outcome)
    if (this.#progress === undefined) return 'rebuild of hotspots: starting'
    const { start, position, horizon, phase, events } = this.#progress
    const done = horizon <= start ? 1 : (position - start) / (horizon - start)
    const filled = Math.floor(Math.min(1, done) * barWidth)
    const bar = '█'.repeat(filled) + '░'.repeat(barWidth - filled)
    return `rebuild of hotspots: ${bar} ${String(Math.floor(done * 100)).padStart(3)} %  ${count(events)} events  ${phase}`
  }

  async #run(): Promise<RebuildOutcome | undefined> {
    const { outcomes } = await this.#app.rebuild('hotspots', {
      signal: this.#signal,
      onProgress: (progress) => (this.#progress = progress),
    })
    this.#outcome = outcomes[0]
    return this.#outcome
  }
}

export function sentenceOf({ status, events, seconds, generation }: RebuildOutcome): string {
  if (status !== 'rebuilt') return `The rebuild of hotspots was stopped; the next one goes on from there`
  const rate = count(Math.round(events / Math.max(seconds, 0.001)))
  return `hotspots rebuilt beside the live tables: ${plural(events, 'event')} in ${duration(seconds)} (${rate}/s), readers were switched to generation ${generation ?? 0}`
}
