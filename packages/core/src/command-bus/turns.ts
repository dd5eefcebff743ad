interface Turn {
  readonly before: Promise<unknown>
  readonly taken: () => void
}

/** Lets several commands be decided in the order in which they were given, however long middleware holds each of them up. */
export class Turns {
  readonly #byId = new Map<string, Turn>()

  /** Runs the work for all at once. Each command that asks for its turn gets it behind the ones before it, or when those have ended. */
  run<C extends { readonly id: string }, T>(commands: readonly C[], work: (command: C) => Promise<T>): Promise<PromiseSettledResult<T>[]> {
    let before: Promise<unknown> = Promise.resolve()
    const works = commands.map((command) => {
      const id = command.id.toLowerCase()
      // One that is on its way already is joined, and must not wait for itself.
      if (this.#byId.has(id)) return work(command)
      const { promise, resolve } = Promise.withResolvers<void>()
      const earlier = before
      this.#byId.set(id, { before: earlier, taken: resolve })
      before = promise.then(() => earlier)
      return work(command).finally(() => {
        resolve()
        this.#byId.delete(id)
      })
    })
    return Promise.allSettled(works)
  }

  /** The turn of a command, where it has one. */
  of(id: string): Turn | undefined {
    return this.#byId.get(id.toLowerCase())
  }
}
