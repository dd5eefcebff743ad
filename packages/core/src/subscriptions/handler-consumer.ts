import type { RecordedEvent } from '../contracts/event.ts'
import { DefinitionError } from '../errors/domain.ts'
import type { SubscriptionKind, SubscriptionSpec, SubscriptionTransaction } from '../ports/subscription-store.port.ts'
import type { CommitThresholds, Consumer, Delivery, Opened, Processor } from './consumer.ts'
import { EventHandlingFailure } from './event-handling-failure.ts'
import type { FailurePolicy, RetryPolicy } from './failure-policy.ts'
import { fingerprintOf } from './fingerprint.ts'
import { describeStream } from '../contracts/stream-key.ts'
import { resolveFailurePolicy } from './resolve-failure-policy.ts'
import { assertSubscriptionName } from './subscription-name.ts'

export interface HandlerConsumerOptions<E extends RecordedEvent = RecordedEvent> {
  /** Lower-case words joined by hyphens. */
  readonly name: string
  /** Raise it when the definition changes; the checkpoints stay. @default 1 */
  readonly version?: number | undefined
  /** Full event types, or every type. */
  readonly types: readonly E['type'][] | '*'
  /** A new subscription reads what stands behind this position; see `resolveStart`. @default 0, the whole log */
  readonly startAfter?: number | undefined
  /**
   * What must be handled in order: events of equal values go to one partition, and wait behind one of them that is parked. A
   * function is known to the database by `version` alone. @default 'stream'
   */
  readonly partitionBy?: 'stream' | ((event: E) => string) | undefined
  /** How many processes may share the work, 1..256. @default 1 */
  readonly partitions?: number | undefined
  /**
   * True runs the handler in the transaction that moves the checkpoint: what it writes through `context.tx` happens once. False
   * runs it before, at least once. @default false
   */
  readonly transactional?: boolean | undefined
  readonly retry?: Partial<RetryPolicy> | undefined
  readonly onExhausted?: FailurePolicy['onExhausted'] | undefined
  readonly blockKey?: boolean | undefined
  readonly maxWaiting?: number | undefined
  /** @default 'subscription' */
  readonly kind?: SubscriptionKind | undefined
  /** @default 'new' */
  readonly initialState?: SubscriptionSpec['initialState'] | undefined
  /** @default 100 events, 250 ms: what is delivered again after a crash */
  readonly commit?: Partial<CommitThresholds> | undefined
}

export interface HandlerContext {
  /** `${name}:${event.id}`: the same at each delivery, for systems that take an idempotency key. */
  readonly idempotencyKey: string
  /** 1 for the first try. */
  readonly attempt: number
  /** True for a parked event that is tried again. */
  readonly retried: boolean
  /** Aborted when another process takes over, or the engine stops without waiting. */
  readonly signal: AbortSignal
  /** The transaction that moves the checkpoint, in a transactional subscription. */
  readonly tx: SubscriptionTransaction | undefined
}

export type SubscriptionHandler<E extends RecordedEvent = RecordedEvent> = (event: E, context: HandlerContext) => void | Promise<void>

/** A plain handler as a consumer: one event at a time, in order. @throws DefinitionError */
export function handlerConsumer<E extends RecordedEvent = RecordedEvent>(
  options: HandlerConsumerOptions<E>,
  handler: SubscriptionHandler<E>,
): Consumer {
  const { name, types, version = 1, startAfter = 0, partitionBy = 'stream', partitions = 1, transactional = false } = options
  assertSubscriptionName(name)
  assertDefinition(name, { version, partitions, startAfter, types })
  const spec: SubscriptionSpec = {
    key: { name, generation: 1 },
    kind: options.kind ?? 'subscription',
    version,
    fingerprint: fingerprintOf({ version, types, partitionBy: partitionBy === 'stream' ? 'stream' : 'custom', partitions }),
    partitions,
    startAfter,
    initialState: options.initialState ?? 'new',
  }
  const call: CallHandler = (event, delivery, tx) =>
    handler(event as E, {
      idempotencyKey: `${name}:${event.id}`,
      attempt: delivery.attempt,
      retried: delivery.retried,
      signal: delivery.signal,
      tx,
    })
  return {
    spec,
    types,
    keyOf: partitionBy === 'stream' ? describeStream : (event) => partitionBy(event as E),
    failure: resolveFailurePolicy(options, (problem) => refused(name, problem)),
    commit: { events: 100, rows: 10_000, ms: 250, ...options.commit },
    open: (opened) => (transactional ? new TransactionalProcessor(call, opened) : new AtLeastOnceProcessor(call, opened)),
  }
}

type CallHandler = (event: RecordedEvent, delivery: Delivery, tx: SubscriptionTransaction | undefined) => void | Promise<void>

/** Handles at once; the checkpoint follows. */
class AtLeastOnceProcessor implements Processor {
  readonly #call: CallHandler
  readonly #opened: Opened

  constructor(call: CallHandler, opened: Opened) {
    this.#call = call
    this.#opened = opened
  }

  async handle(events: readonly RecordedEvent[], delivery: Delivery): Promise<void> {
    for (const event of events) {
      delivery.signal.throwIfAborted()
      await runOne(this.#opened, event, true, () => this.#call(event, delivery, undefined))
    }
  }
}

/** Keeps the events until the commit, and handles them in its transaction. */
class TransactionalProcessor implements Processor {
  readonly #call: CallHandler
  readonly #opened: Opened
  #kept: { readonly event: RecordedEvent; readonly delivery: Delivery }[] = []

  constructor(call: CallHandler, opened: Opened) {
    this.#call = call
    this.#opened = opened
  }

  get pending(): number {
    return this.#kept.length
  }

  handle(events: readonly RecordedEvent[], delivery: Delivery): void {
    for (const event of events) this.#kept.push({ event, delivery })
  }

  async commit(tx: SubscriptionTransaction): Promise<void> {
    for (const { event, delivery } of this.#kept) {
      delivery.signal.throwIfAborted()
      await runOne(this.#opened, event, false, () => this.#call(event, delivery, tx))
    }
  }

  committed(): void {
    this.#kept = []
  }

  reset(): void {
    this.#kept = []
  }
}

/** @throws EventHandlingFailure */
async function runOne({ timed }: Opened, event: RecordedEvent, othersKept: boolean, handle: () => void | Promise<void>): Promise<void> {
  const started = performance.now()
  try {
    await handle()
  } catch (error) {
    throw new EventHandlingFailure(event, error, { othersKept })
  } finally {
    timed?.(event.type, performance.now() - started)
  }
}

function refused(name: string, problem: string): DefinitionError {
  return new DefinitionError(`Subscription "${name}" ${problem}.`, { name })
}

function assertDefinition(
  name: string,
  { version, partitions, startAfter, types }: { version: number; partitions: number; startAfter: number; types: readonly string[] | '*' },
): void {
  const refuse = (problem: string): DefinitionError => refused(name, problem)
  if (!Number.isSafeInteger(version) || version < 1) throw refuse(`needs a version from 1 on, not ${version}`)
  if (!Number.isSafeInteger(partitions) || partitions < 1 || partitions > 256) throw refuse(`needs 1 to 256 partitions, not ${partitions}`)
  if (!Number.isSafeInteger(startAfter) || startAfter < 0) throw refuse(`cannot start after position ${startAfter}`)
  if (types !== '*' && types.length === 0) throw refuse(`names no event types; '*' is every type`)
}
