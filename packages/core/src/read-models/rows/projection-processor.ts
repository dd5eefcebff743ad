import type { RecordedEvent } from '../../contracts/event.ts'
import type { SubscriptionTransaction } from '../../ports/subscription-store.port.ts'
import type { Processor } from '../../subscriptions/consumer.ts'
import type { ProjectionDefinition } from '../projection-definition.ts'
import { RowBuffer, type RowBufferOptions } from './row-buffer.ts'

export interface ProjectionProcessorOptions extends Omit<RowBufferOptions, 'projection'> {
  readonly definition: ProjectionDefinition
  readonly partition: number
}

/** Folds the events of one partition of a projection into rows. */
export class ProjectionProcessor implements Processor {
  readonly #definition: ProjectionDefinition
  readonly #partition: number
  readonly #buffer: RowBuffer

  constructor(options: ProjectionProcessorOptions) {
    this.#definition = options.definition
    this.#partition = options.partition
    this.#buffer = new RowBuffer({ ...options, projection: options.definition.name })
  }

  get pending(): number {
    return this.#buffer.pending
  }

  /** Synchronous where no handler waits and every row is in memory: no promise for each event. */
  handle(events: readonly RecordedEvent[]): Promise<void> | undefined {
    for (let index = 0; index < events.length; index++) {
      const waiting = this.#apply(events[index])
      if (waiting !== undefined) return this.#handleFrom(events, index + 1, waiting)
    }
    return this.#buffer.settle()
  }

  async #handleFrom(events: readonly RecordedEvent[], first: number, waiting: Promise<void>): Promise<void> {
    await waiting
    for (let index = first; index < events.length; index++) await this.#apply(events[index])
    await this.#buffer.settle()
  }

  #apply(event: RecordedEvent | undefined): Promise<void> | undefined {
    if (event === undefined) return undefined
    this.#buffer.begin(event)
    const result = this.#definition.apply(event, this.#buffer.operations)
    return result instanceof Promise ? result : undefined
  }

  async commit(tx: Pick<SubscriptionTransaction, 'rows'>): Promise<void> {
    await this.#buffer.write(tx.rows, this.#partition)
  }

  committed(): void {
    this.#buffer.committed()
  }

  reset(): void {
    this.#buffer.reset()
  }
}
