import type { Dispatched } from '@cairn/cairn'
import { fileCommands } from '../domain/index.ts'
import type { HistoryApp, HistoryCommand } from './history-app.ts'

export interface SenderOptions {
  readonly app: Pick<HistoryApp, 'dispatch'>
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
  readonly #streams = new Map<string, { version: number | Promise<number>; sent: number }>()
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
  async send(command: HistoryCommand): Promise<void> {
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

  #inOrder(command: HistoryCommand): Promise<Dispatched> {
    const key = `${command.aggregateType}\0${command.aggregateId}`
    const known = this.#streams.get(key)
    if (known === undefined) {
      // The first one of this run to this aggregate finds out its version; those behind it wait for that.
      const creates = command.type === fileCommands.add.type
      const answer = this.#dispatch(command, creates ? 0 : undefined)
      const stream = { version: creates ? 1 : answer.then(({ version }) => version), sent: 0 }
      this.#streams.set(key, stream)
      if (typeof stream.version !== 'number') void stream.version.then((version) => (stream.version = version)).catch(() => undefined)
      return answer
    }
    const { version } = known
    const behind = known.sent++
    if (typeof version === 'number') return this.#dispatch(command, version + behind)
    return version.then((number) => this.#dispatch(command, number + behind))
  }

  #dispatch(command: HistoryCommand, expectedVersion: number | undefined): Promise<Dispatched> {
    const { app, tenantId } = this.#options
    return app.dispatch(command, { tenantId, source: 'git-history', expectedVersion })
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
