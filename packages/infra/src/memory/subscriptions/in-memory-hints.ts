import type { HintsPort } from '@cairn/core'

/** Hints inside one process. */
export class InMemoryHints implements HintsPort {
  readonly #listeners = new Set<() => void>()

  /** Something may be new. */
  send(): void {
    for (const wake of this.#listeners) wake()
  }

  listen(wake: () => void): () => void {
    const own = (): void => wake()
    this.#listeners.add(own)
    return () => void this.#listeners.delete(own)
  }

  async close(): Promise<void> {
    this.#listeners.clear()
  }
}
