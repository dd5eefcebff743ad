import type { ImportProgress } from '../import/import-history.ts'
import { count, duration } from './format.ts'

const windowMs = 10_000
const barWidth = 16

/** Turns how far an import is into one line: bar, share, rate over the last seconds, and how long it will still take. */
export class ProgressLine {
  readonly #now: () => number
  #seen: { readonly at: number; readonly commits: number }[] = []

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  render(progress: ImportProgress): string {
    const { commits, total } = progress
    const done = total === 0 ? 1 : commits / total
    const filled = Math.floor(done * barWidth)
    const bar = '█'.repeat(filled) + '░'.repeat(barWidth - filled)
    const rate = this.#rate(commits)
    const left = rate > 0 ? `${duration((total - commits) / rate)} left` : 'starting'
    return `${bar} ${String(Math.floor(done * 100)).padStart(3)} %  ${count(commits)}/${count(total)} commits  ${count(Math.round(rate))}/s  ${left}`
  }

  #rate(commits: number): number {
    const at = this.#now()
    this.#seen.push({ at, commits })
    this.#seen = this.#seen.filter((point, i) => at - point.at <= windowMs || i === this.#seen.length - 1)
    const [first] = this.#seen
    if (first === undefined || at - first.at < 200) return 0
    return ((commits - first.commits) * 1000) / (at - first.at)
  }
}
