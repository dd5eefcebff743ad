import { streamMapKey, type Command, type StreamKey } from '../contracts/index.ts'
import { Line, type Place } from '../decisions/line.ts'

interface Turn {
  readonly before: Promise<unknown>
  readonly place: Place
  readonly taken: () => void
}

/** Lets several commands be decided in the order in which they were given, however long middleware holds each of them up. */
export class Turns {
  readonly #turns = new Map<string, Turn>()

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
      const key = keyOf(command)
      // One that is on its way already is joined, and must not wait for itself.
      if (this.#turns.has(key)) return work(command)
      const { promise, resolve } = Promise.withResolvers<void>()
      const earlier = before
      const line = lines.get(streamMapKey(command)) ?? new Line()
      lines.set(streamMapKey(command), line)
      const place = line.next()
      this.#turns.set(key, { before: earlier, place, taken: resolve })
      before = promise.then(() => earlier)
      return work(command)
        .catch((error: unknown) => {
          // Also what failed before it was decided, in a middleware, say.
          place.failed(error)
          throw error
        })
        .finally(() => {
          resolve()
          this.#turns.delete(key)
        })
    })
    return Promise.allSettled(works)
  }

  /** The turn of a command, where it has one. */
  of(command: Pick<Command, 'tenantId' | 'id'>): Turn | undefined {
    return this.#turns.get(keyOf(command))
  }
}

/** Ids are of a tenant: two may use the same one. */
function keyOf({ tenantId, id }: Pick<Command, 'tenantId' | 'id'>): string {
  return `${tenantId}\0${id.toLowerCase()}`
}
