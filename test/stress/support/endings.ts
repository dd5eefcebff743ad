/** What was opened, ended in reverse order; the first error is thrown when all have been ended. */
export class Endings {
  readonly #endings: (() => Promise<unknown>)[] = []

  add<T>(opened: T, end: (opened: T) => Promise<unknown>): T {
    this.#endings.push(() => end(opened))
    return opened
  }

  async end(): Promise<void> {
    const errors: unknown[] = []
    for (const ending of this.#endings.splice(0).toReversed()) {
      try {
        await ending()
      } catch (error) {
        errors.push(error)
      }
    }
    if (errors.length > 0) throw errors[0]
  }
}
