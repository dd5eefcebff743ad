import { uuidv7, type EventToStore } from '@cairn/core'
import { PgEventStore, type PgDatabase } from '@cairn/infra/pg'
import { poisonText } from './bank.ts'

export const tenants = ['acme', 'globex'] as const

/** Appends to accounts, in an order and with amounts that depend on its count alone. */
export class Writer {
  readonly #store: PgEventStore
  readonly #versions = new Map<string, number>()
  readonly #accounts: number
  #count = 0

  constructor(db: PgDatabase, accounts = 40) {
    this.#store = new PgEventStore(db)
    this.#accounts = accounts
  }

  /** Positions of what was appended last. */
  async append(events: number): Promise<number> {
    let position = 0
    for (let done = 0; done < events;) {
      const batch = Math.min(50, events - done)
      const positions = await Promise.all(this.#round(batch))
      position = Math.max(position, ...positions)
      done += batch
    }
    return position
  }

  /** Appends small batches, one after another, until the returned function is called; it answers how many events. */
  keepAppending(batch: number): () => Promise<number> {
    const stop = new AbortController()
    const appending = (async () => {
      let appended = 0
      while (!stop.signal.aborted) {
        await this.append(batch)
        appended += batch
      }
      return appended
    })()
    return () => {
      stop.abort()
      return appending
    }
  }

  /** One booking that a projection made to fail refuses. */
  async appendPoison(): Promise<{ readonly id: string; readonly position: number }> {
    const event = eventOf('account.booked', { amount: 1, text: poisonText })
    const { position } = await this.#store.append({
      stream: { tenantId: tenants[0], aggregateType: 'account', aggregateId: 'a-0' },
      expected: 'any',
      events: [event],
    })
    return { id: event.id, position }
  }

  async drained(): Promise<void> {
    await this.#store.drained()
  }

  #round(batch: number): Promise<number>[] {
    const streams = new Map<string, EventToStore[]>()
    for (let i = 0; i < batch; i++) {
      const n = this.#count++
      const account = n % this.#accounts
      const name = `${tenants[account % tenants.length] ?? ''}/a-${account}`
      const version = (this.#versions.get(name) ?? 0) + 1
      this.#versions.set(name, version)
      const events = streams.get(name) ?? []
      streams.set(name, events)
      if (version === 1) events.push(eventOf('account.opened', { owner: `o-${account % 7}`, currency: account % 3 === 0 ? 'EUR' : 'CHF' }))
      else events.push(eventOf('account.booked', { amount: (n * 7) % 100, text: `t-${n % 5}` }))
    }
    return [...streams].map(async ([name, events]) => {
      const [tenantId = '', aggregateId = ''] = name.split('/')
      const { position } = await this.#store.append({
        stream: { tenantId, aggregateType: 'account', aggregateId },
        expected: 'any',
        events,
      })
      return position
    })
  }
}

function eventOf(type: string, payload: unknown): EventToStore {
  return { id: uuidv7(), type, payload, metadata: { correlationId: uuidv7(), causationId: uuidv7(), schemaVersion: 1 } }
}
