import { isCairnError } from '../errors/cairn-error.ts'
import type { Member, SubscriptionKey, SubscriptionStatus, SubscriptionStorePort } from '../ports/subscription-store.port.ts'
import type { ResolvedEngineOptions } from './engine-options.ts'
import type { SubscriptionState } from './states.ts'
import { keyText } from './subscription-name.ts'

/** What an operator or a failure set stays as it is: coming back would forget the failure, and try the event anew. A rebuild that was killed is resumed, not forgotten. */
const maybeDetached: readonly SubscriptionState[] = ['new', 'catching-up', 'live', 'retrying']

/**
 * Marks subscriptions that no process runs any more. A deploy stops the old processes before the new ones start: only what stays
 * alone for long is detached. One that is added again, or whose process was only cut off, comes back by itself.
 */
export class DetachedSweep {
  readonly #store: SubscriptionStorePort
  readonly #options: Pick<ResolvedEngineOptions, 'detachAfterMs' | 'logger'>
  /** Since when each was seen alone, by the monotonic clock. */
  readonly #aloneSince = new Map<string, number>()
  #lookedAt = performance.now()
  #looking: Promise<void> = Promise.resolve()
  #bringing = false

  constructor(store: SubscriptionStorePort, options: Pick<ResolvedEngineOptions, 'detachAfterMs' | 'logger'>) {
    this.#store = store
    this.#options = options
  }

  /** Called at each heartbeat; looks a few times in `detachAfterMs`, in the background. */
  look(members: readonly Member[]): void {
    const now = performance.now()
    if (now - this.#lookedAt < this.#options.detachAfterMs / 4) return
    this.#lookedAt = now
    this.#looking = this.#looking.then(() => this.#sweep(members, now))
  }

  /** Lets detached subscriptions go on that this process runs, and tells of each. In the background: it may wait for locks. */
  bringBack(keys: readonly SubscriptionKey[], goesOn: () => void): void {
    if (keys.length === 0 || this.#bringing) return
    this.#bringing = true
    this.#looking = this.#looking.then(() => this.#bringAll(keys, goesOn))
  }

  /** Waits for a look that is under way. */
  ended(): Promise<void> {
    return this.#looking
  }

  /** Never rejects. */
  async #sweep(members: readonly Member[], now: number): Promise<void> {
    try {
      const run = new Set(members.flatMap(({ runs }) => runs.map(({ key }) => keyText(key))))
      for (const status of await this.#store.list()) {
        const id = keyText(status.key)
        if (run.has(id) || !isAlone(status)) {
          this.#aloneSince.delete(id)
          continue
        }
        const since = this.#aloneSince.get(id) ?? now
        this.#aloneSince.set(id, since)
        if (now - since >= this.#options.detachAfterMs) await this.#detach(status)
      }
    } catch (error) {
      this.#options.logger.debug('The look for detached subscriptions failed; the next comes later.', { error })
    }
  }

  /** Never rejects. */
  async #bringAll(keys: readonly SubscriptionKey[], goesOn: () => void): Promise<void> {
    for (const key of keys) {
      const fields = { subscription: key.name, generation: key.generation }
      try {
        // The heartbeat was a while ago: what an operator has paused meanwhile stays so.
        const status = await this.#store.get(key)
        if (status?.partitions.some(({ state }) => state === 'detached') !== true) continue
        await this.#store.control(key, 'catching-up')
        this.#options.logger.info(`Subscription ${keyText(key)} was detached, and this process runs it: it goes on.`, fields)
        goesOn()
      } catch (error) {
        this.#options.logger.debug(`Subscription ${keyText(key)} is still detached; the next heartbeat tries again.`, { ...fields, error })
      }
    }
    this.#bringing = false
  }

  async #detach({ key }: SubscriptionStatus): Promise<void> {
    this.#aloneSince.delete(keyText(key))
    try {
      await this.#store.control(key, 'detached')
      this.#options.logger.warn(
        `No process runs subscription ${keyText(key)} any more: it is detached. It goes on when one does, or remove it.`,
        {
          subscription: key.name,
          generation: key.generation,
        },
      )
    } catch (error) {
      // Somebody else was faster, or it was removed.
      if (!isCairnError(error, 'CAIRN_ILLEGAL_STATE') && !isCairnError(error, 'CAIRN_UNKNOWN_SUBSCRIPTION')) throw error
    }
  }
}

function isAlone({ partitions }: SubscriptionStatus): boolean {
  return partitions.every(({ state, owner }) => owner === undefined && maybeDetached.includes(state))
}
