import { AsyncLocalStorage } from 'node:async_hooks'
import { InFlight, StoppedError } from '@cairn/core'

const handling = new AsyncLocalStorage<true>()

/** Runs a subscription's handler. While its app closes, such handlers alone may still use the app. */
export function asHandler<T>(work: () => T): T {
  return handling.run(true, work)
}

/** Counts what callers have under way. From `close` on only handlers that are let end get in, from `stop` on nobody. */
export class ClosingGate extends InFlight {
  #closing = false

  close(): void {
    this.#closing = true
  }

  /** @throws StoppedError */
  override assertRunning(): void {
    if (this.#closing && handling.getStore() !== true) throw new StoppedError('The app')
    super.assertRunning()
  }
}
