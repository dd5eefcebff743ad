import { StoppedError } from '../errors/index.ts'

/** Counts the work that is under way, so that stopping can refuse new work and wait for the rest. */
export class InFlight {
  readonly #what: string
  #count = 0
  #stopping: PromiseWithResolvers<void> | undefined

  /** @param what who refuses, for the message: 'The command bus' */
  constructor(what: string) {
    this.#what = what
  }

  /** @throws StoppedError once `stop` was called */
  assertRunning(): void {
    if (this.#stopping !== undefined) throw new StoppedError(this.#what)
  }

  /** @throws StoppedError once `stop` was called, and what the work throws */
  async run<T>(work: () => Promise<T>): Promise<T> {
    this.assertRunning()
    this.#count++
    try {
      return await work()
    } finally {
      this.#count--
      if (this.#count === 0) this.#stopping?.resolve()
    }
  }

  /** Refuses new work, and resolves when what is under way has ended. May be called again. */
  stop(): Promise<void> {
    this.#stopping ??= Promise.withResolvers()
    if (this.#count === 0) this.#stopping.resolve()
    return this.#stopping.promise
  }
}
