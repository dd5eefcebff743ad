import type { LoggerPort } from '../ports/logger.port.ts'
import type { Lease, StoredFailure, SubscriptionStorePort } from '../ports/subscription-store.port.ts'
import type { Interruption } from './interruption.ts'
import { RunnerEnded } from './runner-end.ts'
import type { SubscriptionState } from './states.ts'
import { isLeaseLost } from './transient.ts'

interface StateParts {
  readonly store: Pick<SubscriptionStorePort, 'markState'>
  readonly lease: Lease
  readonly gone: Interruption
  readonly logger: LoggerPort
}

/** The stored state of a partition, as the holder of its lease moves it. */
export class PartitionState {
  readonly #parts: StateParts
  #current: SubscriptionState
  #marked = false

  constructor(parts: StateParts, taken: SubscriptionState) {
    this.#parts = parts
    this.#current = taken
  }

  get current(): SubscriptionState {
    return this.#current
  }

  get rebuilding(): boolean {
    return this.#current === 'rebuilding'
  }

  /** Takes over what somebody else stored; true when that is news. */
  see(state: SubscriptionState): boolean {
    if (this.#current === state) return false
    this.#current = state
    return true
  }

  /**
   * For people: an outage does not stop it. The first mark is always written, to clear what an earlier holder left.
   * @throws RunnerEnded when the lease is lost
   */
  async mark(state: SubscriptionState, failure?: StoredFailure): Promise<void> {
    if (this.#marked && this.#current === state && failure === undefined) return
    try {
      await this.#store(state, failure)
    } catch (error) {
      if (error instanceof RunnerEnded) throw error
      if (isLeaseLost(error)) throw new RunnerEnded('lost', error)
      const { key, partition } = this.#parts.lease
      this.#parts.logger.warn(`The state ${state} could not be stored.`, {
        subscription: key.name,
        generation: key.generation,
        partition,
        error,
      })
    }
  }

  /** Stops the partition, until somebody resumes it. @throws what the store throws */
  fail(failure: StoredFailure): Promise<void> {
    return this.#store('failed', failure)
  }

  async #store(state: SubscriptionState, failure: StoredFailure | undefined): Promise<void> {
    const { store, lease, gone } = this.#parts
    const moved = await gone.until(store.markState(lease, state, failure))
    this.#marked = true
    if (moved) this.#current = state
  }
}
