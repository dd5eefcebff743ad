import type { AggregateModel } from '../aggregate/index.ts'
import { streamMapKey, type Command, type ExpectedVersion } from '../contracts/index.ts'
import { CommandIdReusedError, isCairnError } from '../errors/index.ts'
import { silentLogger, type AppendResult, type CommandReceipt, type EventStorePort, type LoggerPort } from '../ports/index.ts'
import type { AggregateRepository } from '../repository/index.ts'
import { AggregateQueue } from './aggregate-queue.ts'
import { resolveDecisionOptions, type DecisionOptions, type DecisionSettings } from './decision-settings.ts'
import type { Place } from './line.ts'
import { PendingCommand } from './pending-command.ts'
import type { QueueServices } from './queue-services.ts'

export interface DecisionQueuesOptions extends DecisionOptions {
  readonly store: Pick<EventStorePort, 'append' | 'appendGroup' | 'resultOf'>
  readonly repository: AggregateRepository
  readonly logger?: LoggerPort | undefined
  /**
   * Called once for each command whose events were stored, before its caller is answered; the answer waits for the promise.
   * Of commands that left as one group, in the order of their versions and one after the other. Groups do not wait for each
   * other: a handler may send a command to its own aggregate, and wait for it. Must not fail.
   */
  readonly appended?: ((result: AppendResult) => Promise<unknown> | undefined) | undefined
}

/**
 * Loads, decides, appends. Commands for one aggregate form a queue and leave in groups; a version conflict reloads and
 * decides again; an error of the domain, a conflict or a decision without events is reported only after the command's
 * id was looked up, because a repeated command must be answered with its first result.
 *
 * A technical error (database away, pool exhausted) is not retried here: it reaches the caller with `retryable: true`
 * and nothing half-done, and the same command may be sent again under the same id.
 */
export class DecisionQueues {
  readonly settings: DecisionSettings
  readonly #queues = new Map<string, AggregateQueue>()
  /** Commands of this process that have no answer yet, by tenant and id: the same command again shares the outcome. */
  readonly #running = new Map<string, PendingCommand>()
  readonly #appended: DecisionQueuesOptions['appended']
  readonly #services: QueueServices

  constructor(options: DecisionQueuesOptions) {
    this.settings = resolveDecisionOptions(options)
    this.#appended = options.appended
    this.#services = {
      store: options.store,
      repository: options.repository,
      settings: this.settings,
      logger: (options.logger ?? silentLogger).child({ component: 'decisions' }),
      idle: (stream) => this.#queues.delete(streamMapKey(stream)),
      leave: (pending) => this.#leave(pending),
      resolve: (pending, result, before) => this.#resolve(pending, result, before),
      reject: (pending, error) => this.#reject(pending, error),
      refuse: (pending, error) => this.#refuse(pending, error),
    }
  }

  /**
   * @param command Its payload was validated and its tenant checked.
   * @param receipt Of the command as it was sent.
   * @param place Among those that it was given together with.
   * @throws CommandIdReusedError when a command under the same id, but with other content, is on its way
   */
  decide(
    model: AggregateModel,
    command: Command,
    receipt: CommandReceipt,
    expected?: ExpectedVersion,
    place?: Place,
  ): Promise<AppendResult> {
    const key = runningKey(command)
    const running = this.#running.get(key)
    if (running !== undefined) {
      if (running.receipt.hash !== receipt.hash) throw new CommandIdReusedError(command.tenantId, command.id)
      return running.outcome
    }
    const pending = new PendingCommand(model, command, receipt, expected, place)
    this.#running.set(key, pending)
    this.#enqueue(pending)
    return pending.outcome
  }

  #enqueue(pending: PendingCommand): void {
    const key = streamMapKey(pending.stream)
    const existing = this.#queues.get(key)
    if (existing !== undefined) {
      existing.add(pending)
      return
    }
    const queue = new AggregateQueue(this.#services, pending.model, pending.stream)
    queue.add(pending)
    this.#queues.set(key, queue)
    void queue.drain()
  }

  #resolve(pending: PendingCommand, result: AppendResult, before?: Promise<unknown>): Promise<unknown> | undefined {
    // Before the handlers run: one of them may send the same command again, and must not wait for itself.
    this.#leave(pending)
    const handOver = (): Promise<unknown> | undefined => (result.duplicate ? undefined : this.#appended?.(result))
    const handled = before === undefined ? handOver() : before.then(handOver)
    pending.resolve(handled === undefined ? result : handled.then(() => result))
    return handled
  }

  #reject(pending: PendingCommand, error: unknown): void {
    this.#leave(pending)
    pending.place?.failed(error)
    pending.reject(error)
  }

  /** The same command may have been sent anew since this one was answered. */
  #leave(pending: PendingCommand): void {
    const key = runningKey(pending.command)
    if (this.#running.get(key) === pending) this.#running.delete(key)
  }

  #refuse(pending: PendingCommand, error: unknown): void {
    if (isCairnError(error, 'CAIRN_BUSINESS_RULE') && error.retryable && pending.retries < this.settings.maxRetries) {
      pending.retries++
      void this.#retry(pending)
    } else {
      // Now: by the time that its id was looked up, the next group may be on its way.
      pending.place?.failed(error)
      void this.#report(pending, error)
    }
  }

  async #retry(pending: PendingCommand): Promise<void> {
    await this.settings.backoff(pending.retries + 2)
    this.#enqueue(pending)
  }

  async #report(pending: PendingCommand, error: unknown): Promise<void> {
    try {
      const first = await this.#services.store.resultOf(pending.stream.tenantId, pending.receipt)
      if (first === undefined) this.#reject(pending, error)
      else this.#resolve(pending, first)
    } catch (lookupError) {
      // Whether the command took effect before is not known: neither is whether it was refused.
      this.#reject(pending, lookupError)
    }
  }
}

/** Ids are compared without regard to case, as the stores do. */
function runningKey(command: Command): string {
  return `${command.tenantId}\0${command.id.toLowerCase()}`
}
