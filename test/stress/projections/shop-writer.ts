import { uuidv7, type EventStorePort, type EventToStore, type StreamKey } from '@cairn/core'
import type { Random } from '../support/random.ts'

const tenants = ['acme', 'globex'] as const

interface OpenOrder {
  readonly tenantId: string
  readonly id: string
  readonly amount: number
}

/** Customers who order, cancel and pay, in two tenants. */
export class ShopWriter {
  readonly #store: EventStorePort
  readonly #random: Random
  readonly #open: OpenOrder[] = []
  #orders = 0
  #events = 0
  /** Of the last event. */
  position = 0

  constructor(store: EventStorePort, random: Random) {
    this.#store = store
    this.#random = random
  }

  get events(): number {
    return this.#events
  }

  /** At least so many events, a few streams at a time. */
  async write(events: number): Promise<void> {
    for (const end = this.#events + events; this.#events < end;) {
      const steps = Array.from({ length: Math.min(8, end - this.#events) }, () => this.#step())
      await Promise.all(steps.map(({ stream, payloads }) => this.#append(stream, payloads)))
    }
  }

  /** Writes a little now and then until the returned function is called. */
  keepWriting(events: number, everyMs: number): () => Promise<void> {
    const stop = new AbortController()
    const writing = (async () => {
      while (!stop.signal.aborted) {
        await this.write(events)
        await new Promise((resolve) => setTimeout(resolve, everyMs))
      }
    })()
    // Told when it is waited for.
    writing.catch(() => undefined)
    return () => {
      stop.abort()
      return writing
    }
  }

  #step(): { readonly stream: StreamKey; readonly payloads: readonly EventToStore[] } {
    const order = this.#random.chance(0.6) ? this.#open.splice(this.#random.between(0, this.#open.length), 1)[0] : undefined
    if (order === undefined) return this.#newOrder()
    const ofOrder = { tenantId: order.tenantId, aggregateType: 'order', aggregateId: order.id }
    const kind = this.#random.between(0, 3)
    if (kind === 0) return { stream: ofOrder, payloads: [eventOf('order.cancelled', { reason: 'changed my mind' })] }
    if (kind === 1) return { stream: ofOrder, payloads: [eventOf('order.ready', {})] }
    const paid = this.#random.between(1, order.amount)
    return {
      stream: { ...ofOrder, aggregateType: 'invoice', aggregateId: `i-${order.id}` },
      payloads: [
        eventOf('invoice.created', { orderId: order.id, amount: order.amount }),
        eventOf('invoice.paymentReceived', { amount: paid, reference: 'r' }),
        ...(kind === 2 ? [] : [eventOf('invoice.paid', { orderId: order.id })]),
      ],
    }
  }

  #newOrder(): { readonly stream: StreamKey; readonly payloads: readonly EventToStore[] } {
    const number = ++this.#orders
    const tenantId = tenants[number % tenants.length] ?? tenants[0]
    const price = this.#random.between(1, 500)
    this.#open.push({ tenantId, id: `o-${number}`, amount: price })
    const customer = `c-${this.#random.between(0, 20)}`
    const lines = [{ sku: 'screw', quantity: 1, price }]
    // Some are of the days when all was sold in euros.
    const created =
      number % 5 === 0
        ? eventOf('order.created', { customer, lines }, 1)
        : eventOf('order.created', { customerId: customer, lines, currency: number % 3 === 0 ? 'USD' : 'EUR' }, 2)
    return { stream: { tenantId, aggregateType: 'order', aggregateId: `o-${number}` }, payloads: [created] }
  }

  async #append(stream: StreamKey, events: readonly EventToStore[]): Promise<void> {
    this.#events += events.length
    const { position } = await this.#store.append({ stream, expected: 'any', events })
    this.position = Math.max(this.position, position)
  }
}

export function eventOf(type: string, payload: unknown, schemaVersion = 1): EventToStore {
  return { id: uuidv7(), type, payload, metadata: { correlationId: uuidv7(), causationId: uuidv7(), schemaVersion } }
}
