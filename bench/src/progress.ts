import { stderr } from 'node:process'

/**
 * One live line on a terminal; without one, a plain line per step. On stderr, so that stdout holds nothing but the result.
 * Figures are being taken while this is shown: it draws when a step begins and never in between.
 */
export class Progress {
  readonly #begin = performance.now()
  #done = 0
  #total: number

  constructor(total: number) {
    this.#total = total
  }

  /** A step whose share of the whole is `of`; the estimate goes by shares that are done. */
  step(text: string, of = 0): void {
    this.#done += of
    const seconds = (performance.now() - this.#begin) / 1000
    const left = this.#done > 0 ? (seconds / this.#done) * (this.#total - this.#done) : undefined
    const share = Math.min(1, this.#done / this.#total)
    if (!stderr.isTTY) {
      stderr.write(`${clock(seconds)} ${text}\n`)
      return
    }
    const bar = '█'.repeat(Math.round(share * 20)).padEnd(20, '░')
    const line = `${bar} ${(share * 100).toFixed(0).padStart(3)} %  ${clock(seconds)}${left === undefined ? '' : `, about ${clock(left)} left`}  ${text}`
    stderr.write(`\r\u001b[2K${line.slice(0, stderr.columns - 1)}`)
  }

  end(): void {
    if (stderr.isTTY) stderr.write('\r\u001b[2K')
  }
}

function clock(seconds: number): string {
  const whole = Math.round(seconds)
  return `${Math.floor(whole / 60)}:${(whole % 60).toString().padStart(2, '0')}`
}
