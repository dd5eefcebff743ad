import type { CommandOutcome, DueCommandsPort } from '@cairn/core'

interface Entry {
  readonly outcomes: readonly CommandOutcome[]
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** Writes outcomes down, those of several jobs in one statement: what comes while one is under way goes with the next. */
export class OutcomeWriter {
  readonly #due: Pick<DueCommandsPort, 'settle'>
  readonly #owner: string
  readonly #written: (outcomes: readonly CommandOutcome[]) => void
  #waiting: Entry[] = []
  #running = false

  /** @param written is told what was written */
  constructor(due: Pick<DueCommandsPort, 'settle'>, owner: string, written: (outcomes: readonly CommandOutcome[]) => void) {
    this.#due = due
    this.#owner = owner
    this.#written = written
  }

  /** The outcomes of one aggregate, in one statement. Resolves when they are written. */
  write(outcomes: readonly CommandOutcome[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ outcomes, resolve, reject })
      void this.#run()
    })
  }

  async #run(): Promise<void> {
    if (this.#running) return
    this.#running = true
    try {
      while (this.#waiting.length > 0) {
        // What is answered in this turn goes along.
        await Promise.resolve()
        const entries = this.#waiting
        this.#waiting = []
        const outcomes = entries.flatMap((entry) => entry.outcomes)
        try {
          await this.#due.settle(this.#owner, outcomes)
          for (const { resolve } of entries) resolve()
          this.#written(outcomes)
        } catch (error) {
          for (const { reject } of entries) reject(error)
        }
      }
    } finally {
      this.#running = false
    }
  }
}
