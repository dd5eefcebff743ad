import { VersionConflictError, type Dispatched, type DispatchOptions } from '@cairn/cairn'
import type { HistoryCommand } from './history-app.ts'

/** What an app does here. */
export interface HistorySender {
  dispatch(command: HistoryCommand, options: DispatchOptions): Promise<Dispatched>
}

export interface SenderOptions {
  readonly app: HistorySender
  readonly tenantId: string
  /** How many commands may be on their way at once. */
  readonly inFlight: number
  /** Called with each answer. */
  readonly answered: (answer: Dispatched) => void
}

const ready = Promise.resolve()
const unknown = Promise.resolve(undefined)

interface Stream {
  /** The version behind the last command sent, as far as answers tell; undefined until one of this run does. */
  head: number | undefined
  /** Resolves with the version behind the last command sent, once it and all before it are answered; undefined when one failed. */
  answered: Promise<number | undefined>
  /** Settles when the command before the next one lets it go. */
  turn: Promise<unknown>
  waiting: number
}

/**
 * Sends many commands at once and keeps the order of each aggregate's. Every command here leads to one event, so the
 * version that the next one must find is known before the one before it is answered; should that one fail, the next is
 * refused and not stored in its place. A duplicate leads to none: what was sent behind it is refused too, and sent again in
 * its turn. The first failure ends it all.
 */
export class OrderedSender {
  readonly #options: SenderOptions
  readonly #streams = new Map<string, Stream>()
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
    const stream = this.#streamOf(command)
    if (stream.head !== undefined && stream.waiting === 0) return this.#sendAhead(stream, command, stream.head)
    stream.waiting++
    const turn = stream.turn.then(async () => {
      stream.waiting--
      if (stream.head !== undefined) return { answer: this.#sendAhead(stream, command, stream.head) }
      // One at a time until the head is known. A duplicate's answer does not tell it: there may be events behind that one.
      const answer = this.#dispatch(command, undefined)
      const { duplicate, version } = await answer
      if (!duplicate) {
        stream.head = version
        stream.answered = Promise.resolve(version)
      }
      // Whoever comes from now on need not wait, and the answer need not be kept for thousands of streams.
      if (stream.waiting === 0) stream.turn = ready
      return { answer }
    })
    stream.turn = turn
    return turn.then(({ answer }) => answer)
  }

  /** Before the ones before it are answered. */
  #sendAhead(stream: Stream, command: HistoryCommand, expected: number): Promise<Dispatched> {
    const before = stream.answered
    stream.head = expected + 1
    const answer = this.#dispatch(command, expected).catch(async (error: unknown) => {
      if (!(error instanceof VersionConflictError)) throw error
      const version = await before
      if (version === undefined) throw error
      // Refused again where no duplicate was the reason: somebody else writes to the stream.
      return this.#dispatch(command, version)
    })
    stream.answered = answer.then(
      ({ duplicate, version }) => {
        if (!duplicate) return version
        if (stream.head !== undefined) stream.head--
        return before
      },
      () => undefined,
    )
    return answer
  }

  #streamOf({ aggregateType, aggregateId }: HistoryCommand): Stream {
    const key = `${aggregateType}\0${aggregateId}`
    const known = this.#streams.get(key)
    if (known !== undefined) return known
    const stream: Stream = { head: undefined, answered: unknown, turn: ready, waiting: 0 }
    this.#streams.set(key, stream)
    return stream
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
