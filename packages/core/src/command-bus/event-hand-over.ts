import type { Metadata, RecordedEvent } from '../contracts/index.ts'
import type { EventBus } from '../event-bus/index.ts'
import type { EventStorePort, LoggerPort } from '../ports/index.ts'
import type { CommandTransaction } from './command-transaction.ts'
import { readAdded } from './run-transaction.ts'

/** Hands stored events to the event bus. Never fails: the events are stored, whatever happens here. */
export class EventHandOver {
  readonly #eventBus: EventBus
  readonly #logger: LoggerPort

  constructor(eventBus: EventBus, logger: LoggerPort) {
    this.#eventBus = eventBus
    this.#logger = logger
  }

  /** Undefined when nobody listens, so that nothing is waited for. */
  publish(events: readonly RecordedEvent[]): Promise<unknown> | undefined {
    if (!this.#eventBus.active || events.length === 0) return undefined
    return this.#eventBus.publishBatch(events).catch((error: unknown) => this.#log(error, events[0]))
  }

  /** A transaction answers with no events, so they are read, and for the bus alone. */
  async publishAdded(store: Pick<EventStorePort, 'readStream'>, tx: CommandTransaction): Promise<void> {
    if (!this.#eventBus.active) return
    try {
      await this.publish(await readAdded(store, tx))
    } catch (error) {
      this.#log(error, { tenantId: tx.tenantId })
    }
  }

  #log(error: unknown, of: { readonly tenantId: string; readonly metadata?: Metadata } | undefined): void {
    this.#logger.error('Events were stored, but could not be handed to the event bus.', {
      ...(of === undefined ? {} : { tenantId: of.tenantId }),
      ...(of?.metadata === undefined ? {} : { correlationId: of.metadata.correlationId }),
      error,
    })
  }
}
