/** Keeps the order of calls per key across something asynchronous that each of them does first, all at once. */
export class CallOrder {
  readonly #tails = new Map<string, Promise<unknown>>()

  /** Resolves as `prepared` does, but behind all earlier calls of the key. */
  async enter<T>(key: string, prepared: Promise<T>): Promise<T> {
    const before = this.#tails.get(key)
    const turn = settled(prepared, before)
    this.#tails.set(key, turn)
    await turn
    if (this.#tails.get(key) === turn) this.#tails.delete(key)
    return prepared
  }
}

async function settled(prepared: Promise<unknown>, before: Promise<unknown> | undefined): Promise<void> {
  try {
    await prepared
  } catch {
    // Whoever called gets it.
  }
  await before
}
