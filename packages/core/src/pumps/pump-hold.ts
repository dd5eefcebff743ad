import type { StoredFailure } from '../ports/index.ts'
import { runningStates, type SubscriptionState } from '../subscriptions/states.ts'
import type { PumpIntake } from './pump-source.port.ts'

/** Tells a pump that its subscription is failed or paused: then nothing is read for it, so no read and no batch says so. */
export class PumpHold {
  readonly #pump: Pick<PumpIntake, 'channel' | 'trouble'>
  #held: { readonly state: SubscriptionState; readonly error: Error } | undefined
  #failure: StoredFailure | undefined

  constructor(pump: Pick<PumpIntake, 'channel' | 'trouble'>) {
    this.#pump = pump
  }

  /** @param failure where it is known; heartbeats do not know it */
  observe(state: SubscriptionState, failure?: StoredFailure): void {
    if (runningStates.includes(state)) return this.#release()
    this.#failure = failure ?? this.#failure
    if (this.#held?.state !== state || failure !== undefined) this.#held = { state, error: this.#errorOf(state) }
    // Each time: a read that was under way may have said that all is well.
    this.#pump.trouble(this.#held.error)
  }

  /** This process runs it. */
  opened(): void {
    this.#failure = undefined
    this.#release()
  }

  #errorOf(state: SubscriptionState): Error {
    const reason = state === 'failed' && this.#failure !== undefined ? `: ${this.#failure.message}` : ''
    return new Error(`Its subscription ${this.#pump.channel} is ${state}${reason}. It goes on when that is resumed.`)
  }

  #release(): void {
    if (this.#held === undefined) return
    this.#held = undefined
    this.#pump.trouble(undefined)
  }
}
