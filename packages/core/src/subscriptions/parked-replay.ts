import type { LogReaderPort } from '../ports/log-reader.port.ts'
import type { ParkedEvent, StoredFailure } from '../ports/subscription-store.port.ts'
import type { SelectedEvent } from './event-selector.ts'
import type { PartitionWork, WorkParts } from './partition-work.ts'
import { BatchFailed } from './runner-end.ts'
import { storedFailure } from './stored-failure.ts'
import { isTransient } from './transient.ts'

interface ReplayParts extends Pick<WorkParts, 'options' | 'store' | 'entry' | 'telemetry'> {
  readonly partition: number
  readonly work: PartitionWork
  /** True when the runner has to end. */
  readonly ending: () => boolean
}

/** Rows in one look, and events handled or discarded in one turn: then live events get theirs. */
const pageSize = 100

/**
 * Does what operators asked for: a parked event is handled again or forgotten, then those that waited behind it, in the order of
 * their positions, each committed before the next. When none is left, its key is free. Only while nothing waits for a commit.
 */
export class ParkedReplay {
  readonly #parts: ReplayParts
  /** Events that are left to the turn. Rows that need none cost nothing: a turn that did nothing would be repeated for ever. */
  #left = 0

  constructor(parts: ReplayParts) {
    this.#parts = parts
  }

  /** True when there is more to do. @throws RunnerEnded; BatchFailed for an outage, which is no event's fault */
  async turn(): Promise<boolean> {
    const { store, entry, partition, ending } = this.#parts
    this.#left = pageSize
    const { key } = entry.consumer.spec
    const requested = await store.parked({ key, partition, requestedOnly: true, limit: pageSize })
    for (const parkingKey of new Set(requested.map((row) => row.parkingKey))) {
      if (ending() || this.#left <= 0) return true
      if (!(await this.#replayKey(parkingKey))) return true
    }
    return requested.length === pageSize
  }

  /** False when it did not come to the end. */
  async #replayKey(parkingKey: string): Promise<boolean> {
    const { store, entry, partition, work, ending } = this.#parts
    const { blockKey } = entry.consumer.failure
    const { key } = entry.consumer.spec
    let stuck = false
    let left = false
    for (let after = 0; ;) {
      // Behind one that stays parked only what was asked for is looked at: there may be very many that wait.
      const rows = await store.parked({ key, partition, parkingKey, requestedOnly: stuck, after, limit: pageSize })
      const early: ParkedEvent[] = []
      for (const row of rows) {
        if (ending() || this.#left <= 0) return false
        after = row.position
        if (row.request === 'discard') {
          await this.#discard(row)
        } else if (stuck || (row.status === 'parked' && row.request !== 'retry')) {
          stuck ||= blockKey
          left = true
          if (row.request !== undefined) early.push(row)
        } else if (!(await this.#retry(row))) {
          stuck ||= blockKey
          left = true
        }
      }
      await this.#forgetRequests(early)
      if (rows.length < pageSize) break
    }
    if (!left) work.free(parkingKey)
    return true
  }

  async #discard(row: ParkedEvent): Promise<void> {
    const { work, telemetry, options, partition } = this.#parts
    this.#left--
    await work.settleParked({ unpark: [row.position] })
    telemetry.tell((observer) => observer.parkedEventSettled?.({ key: row.key, partition, outcome: 'discarded' }))
    options.logger.warn(`Parked event ${row.eventId} of ${row.key.name} was discarded, as asked.`, this.#fields(row))
  }

  /** Their turn comes behind one that failed again: what was asked of them is then asked too early. */
  async #forgetRequests(rows: readonly ParkedEvent[]): Promise<void> {
    if (rows.length > 0) await this.#parts.work.settleParked({ park: rows })
  }

  /** False when it failed again. */
  async #retry(row: ParkedEvent): Promise<boolean> {
    const { work, telemetry, options, partition } = this.#parts
    this.#left--
    const attempt = (row.failure?.attempts ?? 0) + 1
    try {
      await work.retryParked(await this.#readAgain(row), attempt)
    } catch (error) {
      if (!(error instanceof BatchFailed)) throw error
      work.reset()
      if (isTransient(error.cause)) throw error
      const failure = storedFailure(error.cause, {
        event: { id: row.eventId, position: row.position },
        attempts: attempt,
        at: options.clock.now(),
      })
      await this.#parkAgain(row, failure)
      telemetry.tell((observer) => observer.parkedEventSettled?.({ key: row.key, partition, outcome: 'failed' }))
      options.logger.error(`Event ${row.eventId} of ${row.key.name} failed again and stays parked: ${failure.message}`, {
        ...this.#fields(row),
        error: error.cause,
      })
      return false
    }
    telemetry.tell((observer) => observer.parkedEventSettled?.({ key: row.key, partition, outcome: 'healed' }))
    options.logger.info(`Parked event ${row.eventId} of ${row.key.name} was handled.`, this.#fields(row))
    return true
  }

  async #parkAgain(row: ParkedEvent, failure: StoredFailure): Promise<void> {
    await this.#parts.work.settleParked({ park: [{ ...row, status: 'parked', failure }] })
    await this.#parts.work.fault('event-parked', { position: row.position })
  }

  /** @throws BatchFailed when it cannot be read or lifted */
  async #readAgain({ position, eventId }: ParkedEvent): Promise<SelectedEvent> {
    const { options, entry } = this.#parts
    const event = await readOne(options.reader, position)
    const refuse = (cause: unknown): BatchFailed => new BatchFailed(cause, { count: 1, last: position, culprit: event, othersKept: false })
    if (event === undefined || event.id !== eventId)
      throw refuse(new Error(`Event ${eventId} is not in the log at position ${position} any more. Discard it.`))
    if (entry.selector.isUnknown(event.type)) throw refuse(new Error(`This process does not know the type ${event.type}.`))
    const selected = entry.selector.one(event)
    if (selected.refusal !== undefined) throw refuse(selected.refusal.error)
    return selected
  }

  #fields(row: ParkedEvent): Readonly<Record<string, unknown>> {
    const { key, partition, position, eventId, tenantId, type } = row
    return { subscription: key.name, generation: key.generation, partition, position, eventId, tenantId, eventType: type }
  }
}

async function readOne(reader: LogReaderPort, position: number): Promise<SelectedEvent['event'] | undefined> {
  const page = await reader.read({ after: position - 1, upTo: position, limit: 1 })
  return page.events.find((event) => event.position === position)
}
