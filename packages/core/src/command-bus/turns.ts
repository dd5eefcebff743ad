import { streamMapKey, type StreamKey } from '../contracts/index.ts'
import { Line, type Place } from '../decisions/line.ts'

interface Turn {
  readonly before: Promise<unknown>
  readonly place: Place
  readonly taken: () => void
}

/** Lets several commands be decided in the order in which they were given, however long middleware holds each of them up. */
export class Turns {
  readonly #byId = new Map<string, Turn>()

  /**
   * Runs the work for all at once. Each command that asks for its turn gets it behind the ones before it, or when those have ended.
   * Those of one aggregate stand in one line.
   */
  run<C extends StreamKey & { readonly id: string }, T>(
    commands: readonly C[],
    work: (command: C) => Promise<T>,
  ): Promise<PromiseSettledResult<T>[]> {
    const lines = new Map<string, Line>()
    let before: Promise<unknown> = Promise.resolve()
    const works = commands.map((command) => {
      const id = command.id.toLowerCase()
      // One that is on its way already is joined, and must not wait for itself.
      if (this.#byId.has(id)) return work(command)
      const { promise, resolve } = Promise.withResolvers<void>()
      const earlier = before
      const line = lines.get(streamMapKey(command)) ?? new Line()
      lines.set(streamMapKey(command), line)
      const place = line.next()
      this.#byId.set(id, { before: earlier, place, taken: resolve })
      before = promise.then(() => earlier)
      return work(command)
        .catch((error: unknown) => {
          // Also what failed before it was decided, in a middleware, say.
          place.failed(error)
          throw error
        })
        .finally(() => {
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
