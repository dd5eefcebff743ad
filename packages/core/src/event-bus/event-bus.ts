import type { RecordedEvent } from '../contracts/index.ts'
import { InvalidInputError } from '../errors/index.ts'
import { uuidv7 } from '../ids/index.ts'
import { composeMiddleware, type Middleware } from '../middleware/index.ts'
import { silentLogger, type LoggerPort } from '../ports/index.ts'
import type { EventHandler } from './event-handler.ts'
import type { EventHistoryOptions, EventHistorySource } from './event-history.ts'
import { eventMatcher, type EventPattern, type EventsMatching } from './event-pattern.ts'
import type { HandlerFailure, PublishReport } from './publish-report.ts'
import type { Subscription } from './subscription.ts'

export type EventMiddleware = Middleware<RecordedEvent, PublishReport>

export interface EventBusOptions {
  readonly logger?: LoggerPort | undefined
  /** Answers `getEventHistory`. */
  readonly history?: EventHistorySource | undefined
}

interface Entry {
  readonly id: string
  readonly handler: object
  /** Calls the handler if the event is one of its own. */
  readonly run: (event: RecordedEvent) => typeof notMine | void | Promise<void>
}

const notMine = Symbol('notMine')
const nothing: PublishReport = Object.freeze({ handled: 0, failures: Object.freeze([]) })

/**
 * Hands recorded events to the handlers of this process. Delivery is as durable as the process: what must survive a
 * crash is a subscription to the log, not a handler here. A command bus hands over the events of one append in the order of
 * their versions; those of the next append to the same aggregate do not wait for handlers of the one before, which may have
 * sent that command themselves. Who needs every event of an aggregate in its order takes a subscription too.
 */
export class EventBus<E extends RecordedEvent = RecordedEvent> {
  readonly #logger: LoggerPort
  readonly #history: EventHistorySource | undefined
  readonly #entries = new Map<string, Entry>()
  #middleware: readonly EventMiddleware[] = []
  #deliver: (event: RecordedEvent) => Promise<PublishReport>

  constructor(options: EventBusOptions = {}) {
    this.#logger = (options.logger ?? silentLogger).child({ component: 'event-bus' })
    this.#history = options.history
    this.#deliver = (event) => this.#callHandlers(event)
  }

  /** True when a publish would reach anything at all. */
  get active(): boolean {
    return this.#entries.size > 0 || this.#middleware.length > 0
  }

  /** Adds a handler of the class style. The same object again is the same subscription: nothing is delivered twice. */
  register<H extends RecordedEvent>(handler: EventHandler<H>): Subscription {
    for (const entry of this.#entries.values()) if (entry.handler === handler) return this.#subscription(entry.id)
    return this.#add(handler, (event) => (handler.supports(event) ? handler.handle(event) : notMine))
  }

  /** Adds a function for a full type (`order.created`), a prefix (`order.*`) or everything (`*`). */
  subscribe<const P extends EventPattern<E['type']>>(
    pattern: P,
    handler: (event: EventsMatching<E, P>) => void | Promise<void>,
  ): Subscription {
    const matches = eventMatcher<E, P>(pattern)
    return this.#add(handler, (event) => (matches(event) ? handler(event) : notMine))
  }

  /** Puts a middleware inside those that are there already, around the handlers of each event. */
  use(middleware: EventMiddleware): this {
    this.#middleware = [...this.#middleware, middleware]
    this.#deliver = composeMiddleware(this.#middleware, (event) => this.#callHandlers(event))
    return this
  }

  /** The same as `publishBatch([event])`. */
  publish(event: RecordedEvent): Promise<PublishReport> {
    return this.publishBatch([event])
  }

  /**
   * Delivers the events in order; the handlers of one event run at the same time, each on its own: one that throws stops
   * neither the others nor the events behind. Resolves when all have finished.
   * @throws what a middleware throws: that event and those behind it are not delivered
   */
  async publishBatch(events: readonly RecordedEvent[]): Promise<PublishReport> {
    if (!this.active) return nothing
    let handled = 0
    const failures: HandlerFailure[] = []
    for (const event of events) {
      const report = await this.#deliver(event)
      handled += report.handled
      failures.push(...report.failures)
    }
    return { handled, failures }
  }

  /** The events of one aggregate from the store, ascending by version. */
  async getEventHistory(aggregateId: string, options: EventHistoryOptions = {}): Promise<readonly RecordedEvent[]> {
    if (this.#history === undefined) {
      throw new InvalidInputError('history', 'This event bus has no history to read. Give it one: new EventBus({ history }).')
    }
    return this.#history(aggregateId, options)
  }

  /** Removes every handler and every middleware; for tests. */
  reset(): void {
    this.#entries.clear()
    this.#middleware = []
    this.#deliver = (event) => this.#callHandlers(event)
  }

  #add(handler: object, run: Entry['run']): Subscription {
    const id = uuidv7()
    this.#entries.set(id, { id, handler, run })
    return this.#subscription(id)
  }

  #subscription(id: string): Subscription {
    return { id, unsubscribe: () => void this.#entries.delete(id) }
  }

  async #callHandlers(event: RecordedEvent): Promise<PublishReport> {
    const running: Promise<HandlerFailure | undefined>[] = []
    // A copy: handlers that one of these adds get later events, and those that it removes miss this one.
    for (const entry of Array.from(this.#entries.values())) {
      const outcome = this.#entries.has(entry.id) ? this.#start(entry, event) : undefined
      if (outcome !== undefined) running.push(outcome)
    }
    if (running.length === 0) return nothing
    const failures = (await Promise.all(running)).filter((failure) => failure !== undefined)
    return { handled: running.length, failures }
  }

  /** Undefined when the event is not one of the handler's; otherwise a promise that never rejects. */
  #start(entry: Entry, event: RecordedEvent): Promise<HandlerFailure | undefined> | undefined {
    try {
      const outcome = entry.run(event)
      if (outcome === notMine) return undefined
      return Promise.resolve(outcome).then(
        () => undefined,
        (error: unknown) => this.#failure(entry, event, error),
      )
    } catch (error) {
      return Promise.resolve(this.#failure(entry, event, error))
    }
  }

  #failure(entry: Entry, event: RecordedEvent, error: unknown): HandlerFailure {
    this.#logger.error(`A handler of ${event.type} failed; the other handlers were not affected.`, {
      tenantId: event.tenantId,
      correlationId: event.metadata.correlationId,
      eventId: event.id,
      eventType: event.type,
      subscriptionId: entry.id,
      error,
    })
    return { eventId: event.id, eventType: event.type, subscriptionId: entry.id, error }
  }
}
