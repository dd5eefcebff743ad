import type { AggregateModel } from '../aggregate/index.ts'
import type { Command, ExpectedVersion, StreamKey } from '../contracts/index.ts'
import type { AppendResult, CommandReceipt } from '../ports/index.ts'
import type { Place } from './line.ts'

/** A command with everything that deciding it needs, and its caller's promise. */
export class PendingCommand {
  readonly model: AggregateModel
  readonly stream: StreamKey
  readonly command: Command
  readonly receipt: CommandReceipt
  /** True when the stream must not exist yet. */
  readonly creates: boolean
  /** What the caller expects of the stream, if it said so. */
  readonly expected: ExpectedVersion | undefined
  /** Those that it was given together with, and where it stands among them. */
  readonly place: Place | undefined
  /** How often a retryable refusal was tried again. */
  retries = 0
  readonly outcome: Promise<AppendResult>
  readonly #settled: PromiseWithResolvers<AppendResult>

  constructor(
    model: AggregateModel,
    command: Command,
    receipt: CommandReceipt,
    expected: ExpectedVersion | undefined,
    place: Place | undefined,
  ) {
    this.model = model
    this.command = command
    this.receipt = receipt
    this.expected = expected
    this.place = place
    this.creates = model.commandTypes.get(command.type)?.creates ?? false
    this.stream = { tenantId: command.tenantId, aggregateType: command.aggregateType, aggregateId: command.aggregateId }
    this.#settled = Promise.withResolvers()
    this.outcome = this.#settled.promise
  }

  resolve(result: AppendResult | Promise<AppendResult>): void {
    this.#settled.resolve(result)
  }

  reject(error: unknown): void {
    this.#settled.reject(error)
  }
}
