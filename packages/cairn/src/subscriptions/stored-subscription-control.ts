import { InvalidInputError, UnknownSubscriptionError, type ParkedEvent, type SubscriptionKey, type SubscriptionStatus } from '@cairn/core'
import type { Background } from '../background.ts'
import { resolveFrom } from './resolve-from.ts'
import type { SubscribeFrom } from './subscribe-options.ts'
import type { ParkedOptions, SubscriptionControl } from './subscription-control.ts'

/** Runs work unless the app is stopped. */
export type Guard = <T>(work: () => Promise<T>) => Promise<T>

export class StoredSubscriptionControl implements SubscriptionControl {
  readonly #background: Background
  readonly #guard: Guard

  constructor(background: Background, guard: Guard) {
    this.#background = background
    this.#guard = guard
  }

  list(): Promise<readonly SubscriptionStatus[]> {
    return this.#guard(() => this.#background.ports.subscriptions.list())
  }

  status(name: string): Promise<SubscriptionStatus> {
    return this.#of(name, async (key) => {
      const status = await this.#background.ports.subscriptions.get(key)
      if (status === undefined) throw new UnknownSubscriptionError(name, [])
      return status
    })
  }

  pause(name: string): Promise<void> {
    return this.#of(name, (key) => this.#background.engine.pause(key))
  }

  resume(name: string): Promise<void> {
    return this.#of(name, (key) => this.#background.engine.resume(key))
  }

  async reset(name: string, to: SubscribeFrom): Promise<void> {
    const { kind } = await this.status(name)
    if (kind === 'projection') {
      throw new InvalidInputError(
        'name',
        `${name} is a projection, whose rows would not fit another position. Rebuild it: rebuild-projections ${name}.`,
      )
    }
    const { engine, ports } = this.#background
    await this.#of(name, async (key) => engine.reset(key, await resolveFrom(ports.reader, to)))
  }

  parked(name: string, options: ParkedOptions = {}): Promise<readonly ParkedEvent[]> {
    return this.#of(name, (key) => this.#background.ports.subscriptions.parked({ key, ...options }))
  }

  retryParked(name: string, positions?: readonly number[]): Promise<number> {
    return this.#of(name, (key) => this.#background.engine.retryParked(key, positions))
  }

  discardParked(name: string, positions?: readonly number[]): Promise<number> {
    return this.#of(name, (key) => this.#background.engine.discardParked(key, positions))
  }

  #of<T>(name: string, work: (key: SubscriptionKey) => Promise<T>): Promise<T> {
    return this.#guard(async () => work(await this.#background.keyOf(name)))
  }
}
