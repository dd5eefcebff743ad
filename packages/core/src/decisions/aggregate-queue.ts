import type { AggregateModel } from '../aggregate/index.ts'
import type { StreamKey } from '../contracts/index.ts'
import { isCairnError, StreamClosedError } from '../errors/index.ts'
import type { AppendGroupResult } from '../ports/index.ts'
import type { LoadedAggregate } from '../repository/index.ts'
import { decideGroup, type DecidedGroup } from './decide-group.ts'
import type { PendingCommand } from './pending-command.ts'
import type { QueueServices } from './queue-services.ts'
import { snapshotDue } from './snapshot-due.ts'

/** What is known of the aggregate after a group, if anything. */
type Known = LoadedAggregate | undefined

/**
 * The commands of this process that wait for one aggregate. The first goes at once; what arrives while it is on its way
 * is decided as one group on one state and leaves as one append. So contention inside a process costs no conflicts.
 */
export class AggregateQueue {
  readonly #services: QueueServices
  readonly #model: AggregateModel
  readonly #stream: StreamKey
  #waiting: PendingCommand[] = []
  /** Somebody outside this queue writes to the stream too: what we remember of it is likely to be old. */
  #contended = false

  constructor(services: QueueServices, model: AggregateModel, stream: StreamKey) {
    this.#services = services
    this.#model = model
    this.#stream = stream
  }

  add(pending: PendingCommand): void {
    this.#waiting.push(pending)
  }

  /** Works until nothing waits, and says so in the same turn: a command that comes later finds no queue, or one that works. */
  async drain(): Promise<void> {
    const { settings, idle } = this.#services
    let known: Known
    while (this.#waiting.length > 0) known = await this.#settle(this.#waiting.splice(0, settings.maxGroupCommands), known)
    idle(this.#stream)
  }

  async #settle(taken: readonly PendingCommand[], known: Known): Promise<Known> {
    const group = taken.filter((pending) => !this.#isHeldUp(pending))
    if (group.length === 0) return known
    try {
      return await this.#decideAndAppend(group, known)
    } catch (error) {
      // The store is away, or a stored event cannot be folded: nothing was decided, so there is nothing to look up.
      const inLine = new Set(this.#waiting)
      for (const pending of group) if (!inLine.has(pending)) this.#services.reject(pending, error)
      return this.#forget()
    }
  }

  async #decideAndAppend(group: readonly PendingCommand[], known: Known): Promise<Known> {
    const { repository, settings } = this.#services
    let left = group
    // A command that is tried again wants to see what has changed since.
    const retried = group.some((pending) => pending.retries > 0)
    let base = retried ? undefined : (known ?? (this.#contended ? undefined : repository.recall(this.#stream)))
    let attempt = 1
    for (;;) {
      base ??= await this.#load()
      if (base.closed) return this.#refuseAll(left, new StreamClosedError(this.#stream))
      const decided = decideGroup(base, left, settings)
      if (!base.fresh && (decided.someEmpty || decided.refused.length > 0)) {
        // A remembered state may have misled the domain. Such an answer is given only on what the log says now.
        base = await this.#load()
        continue
      }
      left = this.#keepDecided(left, decided)
      if (decided.accepted.length === 0) return this.#settleRefused(decided, base)
      try {
        const outcome = await this.#append(base.version, decided)
        if (outcome.stored) return this.#settleStored(decided, outcome.results)
        left = this.#answerDuplicates(left, decided, outcome.results)
        // Somebody else stored what was repeated, perhaps behind what was loaded here.
        base = { ...base, fresh: false }
        if (left.length === 0) return base
      } catch (error) {
        if (!isCairnError(error)) throw error
        if (error.code === 'CAIRN_VERSION_CONFLICT') {
          if (attempt === settings.maxAttempts) return this.#refuseAll(left, error)
          attempt++
          this.#contended = true
          await settings.backoff(attempt)
          base = await repository.catchUp(this.#model, this.#stream, base)
          continue
        }
        // What was too much for one statement may be so only because of the others in it.
        const divisible = error.code === 'CAIRN_STATEMENT_STOPPED' && left.length > 1
        if (error.retryable && !divisible) throw error
        if (left.length === 1) return this.#refuseAll(left, error)
        // One of them is at fault, and the others were decided on what it would have done: each goes on its own.
        for (const pending of left) await this.#settle([pending], undefined)
        return undefined
      }
    }
  }

  /** Rejects it, where one before it in its line is to be sent again. */
  #isHeldUp(pending: PendingCommand): boolean {
    const heldUp = pending.place?.heldUp
    if (heldUp !== undefined) this.#services.reject(pending, heldUp.by)
    return heldUp !== undefined
  }

  #load(): Promise<LoadedAggregate> {
    return this.#services.repository.load(this.#model, this.#stream)
  }

  /** What did not fit into the group goes first in the next one. */
  #keepDecided(left: readonly PendingCommand[], { decided }: DecidedGroup): readonly PendingCommand[] {
    if (decided === left.length) return left
    this.#waiting.unshift(...left.slice(decided))
    return left.slice(0, decided)
  }

  async #append(expected: number, decided: DecidedGroup): Promise<AppendGroupResult> {
    const { store, logger } = this.#services
    const stream = this.#stream
    const [first] = decided.accepted
    const last = decided.accepted.at(-1)
    if (first === undefined || last === undefined) throw new Error('A group without commands has nothing to append.')
    const snapshot = snapshotDue(this.#model, last.pending.command, expected, decided.version, decided.state, logger)
    if (first === last) {
      const append = { stream, expected, events: first.events, command: first.pending.receipt }
      const result = await store.append(snapshot === undefined ? append : { ...append, snapshot })
      return { stored: !result.duplicate, results: [result] }
    }
    const parts = decided.accepted.map(({ pending, events }) => ({ events, command: pending.receipt }))
    return store.appendGroup(snapshot === undefined ? { stream, expected, parts } : { stream, expected, parts, snapshot })
  }

  #settleStored({ accepted, refused, state, version }: DecidedGroup, results: AppendGroupResult['results']): Known {
    const services = this.#services
    services.repository.remember(this.#stream, state, version)
    // All of them first: a handler of the first one's events may send the last one again, and wait for it.
    for (const { pending } of accepted) services.leave(pending)
    let handedOver: Promise<unknown> | undefined
    for (const [i, { pending }] of accepted.entries()) {
      const result = results[i]
      if (result === undefined) services.reject(pending, new Error('The store answered with fewer results than it was given commands.'))
      else handedOver = services.resolve(pending, result, handedOver)
    }
    for (const { pending, error } of refused) services.refuse(pending, error)
    return this.#contended ? undefined : { state, version, closed: false, fresh: false }
  }

  /** Commands that took effect before get their first result; the others are returned, to be decided again. */
  #answerDuplicates(
    left: readonly PendingCommand[],
    { accepted }: DecidedGroup,
    results: AppendGroupResult['results'],
  ): readonly PendingCommand[] {
    const answered = new Set<PendingCommand>()
    for (const [i, { pending }] of accepted.entries()) {
      const result = results[i]
      if (result === undefined) continue
      answered.add(pending)
      this.#services.resolve(pending, result)
    }
    if (answered.size === 0) throw new Error('The store refused a group as a repetition, but named no command that took effect before.')
    return left.filter((pending) => !answered.has(pending))
  }

  #settleRefused({ refused }: DecidedGroup, base: LoadedAggregate): Known {
    this.#services.repository.remember(this.#stream, base.state, base.version)
    for (const { pending, error } of refused) this.#services.refuse(pending, error)
    return this.#contended ? undefined : { ...base, fresh: false }
  }

  #refuseAll(left: readonly PendingCommand[], error: unknown): undefined {
    for (const pending of left) this.#services.refuse(pending, error)
    return this.#forget()
  }

  #forget(): undefined {
    this.#services.repository.forget(this.#stream)
    return undefined
  }
}
