import type { Dispatched, NewCommand } from '@cairn/core'
import type { ImportTarget } from './import-target.ts'

export interface SenderOptions {
  readonly target: Pick<ImportTarget, 'dispatch'>
  readonly tenantId: string
  /** How many commands may be on their way at once. */
  readonly inFlight: number
  /** Called with each answer. */
  readonly answered: (answer: Dispatched) => void
}

/**
 * Sends many commands at once and keeps the order of each aggregate's. Every command here leads to one event, so the
 * version that the next one must find is known before the one before it is answered; should that one fail, the next is
 * refused and not stored in its place. The first failure ends it all.
 */
export class OrderedSender {
  readonly #options: SenderOptions
  /** The version behind the last command sent, or the answer that will tell it. */
  readonly #versions = new Map<string, number | Promise<number>>()
  #onTheirWay = 0
  #failure: { readonly error: unknown } | undefined
  #wake: (() => void)[] = []

  constructor(options: SenderOptions) {
    this.#options = options
  }

  /** Waits for room; holds a place for one command until `send` uses it. @throws the first failure */
  async room(): Promise<void> {
    while (this.#failure === undefined && this.#onTheirWay >= this.#options.inFlight) await this.#change()
    this.#throwFailure()
    this.#onTheirWay++
  }

  /** Gives back a place that is not needed after all. */
  leave(): void {
    this.#onTheirWay--
    this.#signal()
  }

  /** Sends one command, in a place that `room` gave. Resolves when it is stored; never rejects, see `idle`. */
  async send(command: NewCommand): Promise<void> {
    try {
      const answer = await this.#inOrder(command)
      this.#options.answered(answer)
    } catch (error) {
      this.#failure ??= { error }
    } finally {
      this.leave()
    }
  }

  /** Resolves when nothing is on its way. @throws the first failure */
  async idle(): Promise<void> {
    while (this.#onTheirWay > 0) await this.#change()
    this.#throwFailure()
  }

  get failed(): boolean {
    return this.#failure !== undefined
  }

  async #inOrder(command: NewCommand): Promise<Dispatched> {
    const stream = `${command.aggregateType}\0${command.aggregateId}`
    const known = this.#versions.get(stream) ?? (command.type === 'file.add' ? 0 : undefined)
    if (typeof known === 'number') {
      this.#versions.set(stream, known + 1)
      return this.#dispatch(command, known)
    }
    // The first one of this run to this aggregate finds out its version; those behind it wait for that.
    const first = known === undefined ? this.#dispatch(command, undefined) : undefined
    const answer = first ?? known?.then((version) => this.#dispatch(command, version))
    if (answer === undefined) throw new Error('unreachable')
    const version = answer.then((dispatched) => dispatched.version)
    this.#versions.set(stream, version)
    version.then(
      (number) => {
        if (this.#versions.get(stream) === version) this.#versions.set(stream, number)
      },
      () => undefined,
    )
    return answer
  }

  #dispatch(command: NewCommand, expectedVersion: number | undefined): Promise<Dispatched> {
    const { target, tenantId } = this.#options
    return target.dispatch(command, { tenantId, source: 'git-history', expectedVersion })
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve))
  }

  #signal(): void {
    const waiting = this.#wake
    this.#wake = []
    for (const wake of waiting) wake()
  }
}
