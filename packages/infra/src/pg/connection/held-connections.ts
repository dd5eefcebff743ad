import type { DatabasePool, DatabasePoolConnection } from 'slonik'

/** How long a connection is kept after its last use, milliseconds. */
const keepMs = 100
/** And how long at the most, so that the pool can end what has grown old. */
const longestMs = 10_000

interface Held {
  readonly connection: DatabasePoolConnection
  /** Gives it back to the pool; with an error, has it closed. */
  readonly end: (error?: unknown) => void
  readonly timer: NodeJS.Timeout
  readonly since: number
  /** Set while it is in use. */
  fail: ((error: unknown) => void) | undefined
  /** What ended it, if anything did. */
  lost: { readonly error: unknown } | undefined
}

/**
 * Lends the connections of a pool without giving them back in between: for statements that follow closely upon each other, where
 * slonik's own checkout, with its listeners, child loggers and timers, is a good part of the cost. It keeps all that
 * matters of it: one user at a time, a connection that failed is closed, and whoever waits comes next.
 * @internal
 */
export class HeldConnections {
  readonly #pool: DatabasePool
  readonly #limit: number
  readonly #idle: Held[] = []
  readonly #waiting: { readonly resolve: (held: Held | undefined) => void }[] = []
  #open = 0

  constructor(pool: DatabasePool, limit: number) {
    this.#pool = pool
    this.#limit = limit
  }

  async run<T>(work: (connection: DatabasePoolConnection) => Promise<T>): Promise<T> {
    const held = await this.#take()
    try {
      // The connection's end may be heard of before, or in place of, the statement's.
      const result = await new Promise<T>((resolve, reject) => {
        if (held.lost !== undefined) return reject(held.lost.error)
        held.fail = reject
        work(held.connection).then(resolve, reject)
      })
      this.#putBack(held)
      return result
    } catch (error) {
      held.end(error)
      throw error
    } finally {
      held.fail = undefined
    }
  }

  async #take(): Promise<Held> {
    const idle = this.#idle.pop()
    if (idle !== undefined) return idle
    if (this.#open >= this.#limit) {
      const handed = await new Promise<Held | undefined>((resolve) => this.#waiting.push({ resolve }))
      if (handed !== undefined) return handed
    } else {
      this.#open++
    }
    return this.#checkOut()
  }

  /** The place is counted already. */
  #checkOut(): Promise<Held> {
    return new Promise<Held>((resolve, reject) => {
      let held: Held | undefined
      const gone = (error: unknown): void => {
        if (held === undefined) reject(error)
        else this.#forget(held, error)
        this.#leave()
      }
      this.#pool
        .connect((connection) => {
          const use = Promise.withResolvers<void>()
          held = {
            connection,
            end: (error) => (error === undefined ? use.resolve() : use.reject(error)),
            timer: setTimeout(() => this.#release(held), keepMs).unref(),
            since: performance.now(),
            fail: undefined,
            lost: undefined,
          }
          resolve(held)
          return use.promise
        })
        .then(() => gone(undefined), gone)
    })
  }

  #putBack(held: Held): void {
    if (held.lost !== undefined) return
    if (performance.now() - held.since > longestMs) return held.end()
    const next = this.#waiting.shift()
    if (next !== undefined) {
      next.resolve(held)
      return
    }
    this.#idle.push(held)
    held.timer.refresh()
  }

  #release(held: Held | undefined): void {
    const place = held === undefined ? -1 : this.#idle.indexOf(held)
    if (place < 0) return
    this.#idle.splice(place, 1)
    held?.end()
  }

  #forget(held: Held, error: unknown): void {
    clearTimeout(held.timer)
    held.lost = { error }
    const place = this.#idle.indexOf(held)
    if (place >= 0) this.#idle.splice(place, 1)
    if (error !== undefined) held.fail?.(error)
  }

  /** The place goes to the next in line, who checks out a connection of their own. */
  #leave(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#open--
    else next.resolve(undefined)
  }
}

const shared = new WeakMap<DatabasePool, HeldConnections>()

/** The one that all users of a pool share. */
export function heldConnections(pool: DatabasePool): HeldConnections {
  let held = shared.get(pool)
  if (held === undefined) shared.set(pool, (held = new HeldConnections(pool, pool.configuration.maxPoolSize ?? 1)))
  return held
}
