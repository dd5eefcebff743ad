import { aggregate, defineCommands, defineDomain, defineEvents } from '@cairn/cairn'
import type { Command } from '@cairn/core'
import { z } from 'zod'
import { addLine, emptyBasket } from '../workload/basket.ts'
import { lineAdded } from '../workload/payload.ts'

const Line = z.object({
  lineId: z.string(),
  product: z.string(),
  quantity: z.int(),
  price: z.int(),
  currency: z.string(),
  note: z.string(),
  address: z.object({ street: z.string(), city: z.string(), country: z.string() }),
})

const parcelEvents = defineEvents('parcel', { lineAdded: Line })
const parcelCommands = defineCommands('parcel', { addLine: Line })

/** A basket that any line may open: one command of it is one event, the first as well as the others. */
class Parcel extends aggregate(parcelEvents, emptyBasket) {
  static readonly handlers = this.handle(parcelCommands, {
    addLine: (parcel, line) => parcel.raise('lineAdded', line),
  })

  static readonly evolve = this.fold({ lineAdded: addLine })
}

export const parcels = defineDomain('bench', { aggregates: [Parcel] })

/** Command number `n`, to one of so many aggregates in turn. */
export function lineCommand(n: number, tenantId: string, aggregates: number): Command {
  const { id, type, aggregateType, aggregateId, payload } = parcelCommands.addLine({
    parcelId: `parcel-${n % aggregates}`,
    ...lineAdded(n),
  })
  const metadata = { correlationId: id, causationId: id, schemaVersion: 1 }
  return { id, tenantId, type, aggregateType, aggregateId, payload, metadata }
}
