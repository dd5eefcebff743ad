import { aggregate, creates, defineCommands, defineDomain, defineEvents } from '@cairn/cairn'
import { z } from 'zod'
import { addLine, emptyBasket, mustBeOpen } from '../workload/basket.ts'

const Line = z.object({
  lineId: z.string(),
  product: z.string(),
  quantity: z.int(),
  price: z.int(),
  currency: z.string(),
  note: z.string(),
  address: z.object({ street: z.string(), city: z.string(), country: z.string() }),
})
const State = z.object({ lines: z.int(), total: z.int() })

export const basketEvents = defineEvents('basket', { lineAdded: Line })
export const basketCommands = defineCommands('basket', {
  start: creates(z.object({ lines: z.array(Line) })),
  addLine: Line,
  addLines: z.object({ lines: z.array(Line) }),
})

/** The basket that every system folds, written as a user of Cairn would. */
export class Basket extends aggregate(basketEvents, emptyBasket) {
  static readonly handlers = this.handle(basketCommands, {
    start: (basket, command) => {
      for (const line of command.lines) basket.raise('lineAdded', line)
    },
    addLine: (basket, line) => {
      mustBeOpen(basket.state)
      basket.raise('lineAdded', line)
    },
    addLines: (basket, command) => {
      mustBeOpen(basket.state)
      for (const line of command.lines) basket.raise('lineAdded', line)
    },
  })

  static readonly evolve = this.fold({ lineAdded: addLine })
}

/** Of 1,000 events the last snapshot stands at 950: a load reads it and 50 events, as one in the middle between two snapshots would. */
export const snapshotInterval = 95

export class SnapshottedBasket extends Basket {
  static readonly snapshots = this.snapshotEvery(snapshotInterval, State)
}

export const plainDomain = defineDomain('bench', { aggregates: [Basket] })
export const snapshottedDomain = defineDomain('bench', { aggregates: [SnapshottedBasket] })
