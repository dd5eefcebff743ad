import type { LogReadPage } from '../ports/log-reader.port.ts'
import type { StoredFailure } from '../ports/subscription-store.port.ts'
import type { Consumer } from './consumer.ts'
import { EventSelector } from './event-selector.ts'
import type { ResolvedEngineOptions } from './engine-options.ts'
import { outageDelay } from './retry-delay.ts'
import { SharedPages } from './shared-pages.ts'
import { keyText } from './subscription-name.ts'

/** The event that a partition cannot get past at the moment. */
export interface Trouble {
  readonly position: number
  /** Tries so far. */
  readonly attempts: number
  /** It is not tried again: the policy says so, or another try would be in vain. */
  readonly exhausted: boolean
  readonly failure: StoredFailure
  /** When the next try is due, by the monotonic clock. */
  readonly dueAt: number
}

/** What this process remembers of a partition from one lease to the next. */
export interface PartitionMemory {
  trouble: Trouble | undefined
  /** While it is looked for which of many events failed: up to where, and how many are tried at once. */
  careful: { readonly until: number; readonly size: number } | undefined
  /** An event whose handling met what newer code has stored, and since when, by the monotonic clock. */
  newer: { readonly position: number; readonly since: number } | undefined
  /** Leases in a row that ended before anything was committed. */
  interruptions: number
  /** Not before, by the monotonic clock. */
  retakeAt: number
}

/** A consumer as this process runs it. */
export class ConsumerEntry {
  readonly consumer: Consumer
  readonly id: string
  readonly selector: EventSelector
  readonly #read: (after: number) => Promise<LogReadPage>
  readonly #shared: SharedPages
  readonly #memory = new Map<number, PartitionMemory>()
  #standBackUntil = 0
  #stoodBack = 0

  constructor(
    consumer: Consumer,
    { reader, lift, knows, catchUpPageSize }: ResolvedEngineOptions,
    read?: (events: number, ms: number) => void,
  ) {
    this.consumer = consumer
    this.id = keyText(consumer.spec.key)
    this.selector = new EventSelector(consumer, { lift, knows })
    this.#read = async (after) => {
      const started = performance.now()
      const page = await reader.read({ after, limit: catchUpPageSize, types: this.selector.types })
      read?.(page.events.length, performance.now() - started)
      return page
    }
    this.#shared = new SharedPages(this.#read)
  }

  /** A page for a runner that catches up. */
  read(after: number): Promise<LogReadPage> {
    return this.consumer.spec.partitions === 1 ? this.#read(after) : this.#shared.page(after)
  }

  /** Forgets pages that were kept for sisters. */
  forgetPages(): void {
    this.#shared.clear()
  }

  memory(partition: number): PartitionMemory {
    let memory = this.#memory.get(partition)
    if (memory === undefined) {
      memory = { trouble: undefined, careful: undefined, newer: undefined, interruptions: 0, retakeAt: 0 }
      this.#memory.set(partition, memory)
    }
    return memory
  }

  /** The checkpoints were moved: what is remembered of events means nothing. */
  forget(): void {
    this.#memory.clear()
    this.#standBackUntil = 0
    this.#stoodBack = 0
    this.forgetPages()
  }

  /** The lease ended before its time: the next is taken after a wait that grows. */
  interrupted(partition: number, outageMs: number): number {
    const memory = this.memory(partition)
    memory.interruptions++
    memory.retakeAt = performance.now() + outageDelay(outageMs, memory.interruptions)
    return memory.interruptions
  }

  /** Something was committed. */
  settled(partition: number): void {
    this.memory(partition).interruptions = 0
    this.#stoodBack = 0
  }

  /** Leaves the subscription to other processes for a while, longer each time. */
  standBack(ms: number): void {
    this.#standBackUntil = performance.now() + Math.min(ms * 2 ** this.#stoodBack, 20 * ms)
    this.#stoodBack++
  }

  /** True while this process leaves the subscription to others. */
  get standsBack(): boolean {
    return performance.now() < this.#standBackUntil
  }
}
