/** Ends waits for promises from outside. Unlike `Promise.race` with one long-lived promise, it keeps nothing of waits that are over. */
export class Interruption {
  readonly #rejects = new Set<(error: unknown) => void>()
  #error: { readonly error: Error } | undefined

  /** Waits for the promise until interrupted; what becomes of it later is nobody's concern. */
  async until<T>(promise: Promise<T>): Promise<T> {
    const { promise: first, resolve, reject } = Promise.withResolvers<T>()
    promise.then(resolve, reject)
    if (this.#error !== undefined) reject(this.#error.error)
    this.#rejects.add(reject)
    try {
      return await first
    } finally {
      this.#rejects.delete(reject)
    }
  }

  /** Every wait, now and later, throws this. */
  interrupt(error: Error): void {
    this.#error ??= { error }
    for (const reject of this.#rejects) reject(error)
  }
}
