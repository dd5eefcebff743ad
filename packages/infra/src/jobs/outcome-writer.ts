import { settleOutcomes, type CommandOutcome, type DueCommandsPort, type LoggerPort } from '@cairn/core'

interface Entry {
  readonly outcomes: readonly CommandOutcome[]
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** Writes outcomes down, those of several jobs in one statement: what comes while one is under way goes with the next. */
export class OutcomeWriter {
  readonly #due: Pick<DueCommandsPort, 'settle'>
  readonly #owner: string
  readonly #logger: Pick<LoggerPort, 'warn'>
  readonly #written: (outcomes: readonly CommandOutcome[]) => void
  #waiting: Entry[] = []
  #running = false

  /** @param written is told what was written */
  constructor(
    due: Pick<DueCommandsPort, 'settle'>,
    owner: string,
    logger: Pick<LoggerPort, 'warn'>,
    written: (outcomes: readonly CommandOutcome[]) => void,
  ) {
    this.#due = due
    this.#owner = owner
    this.#logger = logger
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
        const unsettled = await settleOutcomes(this.#due, this.#owner, outcomes, this.#logger)
        const left = new Set(unsettled?.left)
        for (const entry of entries) {
          if (entry.outcomes.some((outcome) => left.has(outcome))) entry.reject(unsettled?.error)
          else entry.resolve()
        }
        const written = left.size === 0 ? outcomes : outcomes.filter((outcome) => !left.has(outcome))
        if (written.length > 0) this.#written(written)
      }
    } finally {
      this.#running = false
    }
  }
}
