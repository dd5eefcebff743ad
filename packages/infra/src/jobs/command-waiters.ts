import type { CommandOutcome, HintsPort } from '@cairn/core'

/** Wakes whoever waits for a command of this process as soon as its outcome is written. */
export class CommandWaiters {
  readonly #waiting = new Map<string, Set<() => void>>()

  /** To listen for one command, in place of hints that wake everybody. */
  of(tenantId: string, id: string): Pick<HintsPort, 'listen'> {
    const key = keyOf(tenantId, id)
    return {
      listen: (wake) => {
        const wakes = this.#waiting.get(key) ?? new Set()
        this.#waiting.set(key, wakes.add(wake))
        return () => {
          wakes.delete(wake)
          if (wakes.size === 0 && this.#waiting.get(key) === wakes) this.#waiting.delete(key)
        }
      },
    }
  }

  wake(outcomes: readonly CommandOutcome[]): void {
    if (this.#waiting.size === 0) return
    for (const { tenantId, id } of outcomes) {
      for (const wake of this.#waiting.get(keyOf(tenantId, id)) ?? []) wake()
    }
  }
}

function keyOf(tenantId: string, id: string): string {
  return `${tenantId}\0${id.toLowerCase()}`
}
