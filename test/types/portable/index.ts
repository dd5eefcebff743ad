// A package of a user, for the test of its declaration files: everything a domain exports, and no schema.
import { aggregate, creates, defineCommands, defineDecider, defineDomain, defineEvents, versions } from '@cairn/core'
import { defineProjection, json, numeric, table, text } from '@cairn/projections'
import { z } from 'zod'

const Line = z.object({ sku: z.string(), quantity: z.int() })
const isoDate = z.codec(z.iso.datetime(), z.date(), { decode: (iso) => new Date(iso), encode: (date) => date.toISOString() })

export const parcelEvents = defineEvents('parcel', {
  packed: versions(z.object({ lines: z.array(Line) }))
    .next(z.object({ lines: z.array(Line), weight: z.number() }))
    .from((v1) => ({ lines: v1.lines, weight: 0 })),
  sent: z.object({ at: isoDate, carrier: z.string().default('post') }),
})
export const parcelCommands = defineCommands('parcel', {
  pack: creates(z.object({ lines: z.array(Line), weight: z.number().default(0) })),
  send: z.object({ at: isoDate }),
})

export interface ParcelState {
  readonly sent: boolean
}

export class Parcel extends aggregate(parcelEvents, (): ParcelState => ({ sent: false })) {
  static readonly handlers = this.handle(parcelCommands, {
    pack: (parcel, command) => parcel.raise('packed', command),
    send: (parcel, { at }) => parcel.raise('sent', { at, carrier: 'post' }),
  })
  static readonly evolve = this.fold({ packed: (state) => state, sent: (state) => ({ ...state, sent: true }) })
  static readonly snapshots = this.snapshotEvery(10, z.object({ sent: z.boolean() }))
}

export const parcelDecider = defineDecider(parcelEvents, (): ParcelState => ({ sent: false }))
  .evolve({ packed: (state) => state, sent: () => ({ sent: true }) })
  .decide(parcelCommands, {
    pack: (_state, command) => parcelEvents.packed(command),
    send: (_state, { at }) => parcelEvents.sent({ at, carrier: 'post' }),
  })

export const parcels = defineDomain('parcels', { aggregates: [Parcel] })

export const parcelSummary = defineProjection('parcel-summary', {
  version: 1,
  events: [parcelEvents],
  tables: table({ id: text(), weight: numeric(8, 3), lines: json(z.array(Line)), carrier: text().nullable() }, { key: 'id' }),
}).on({
  'parcel.packed': (e, { parcel_summary }) => parcel_summary.upsert({ id: e.aggregateId, ...e.payload }),
  'parcel.sent': (e, { parcel_summary }) => parcel_summary.patch(e.aggregateId, { carrier: e.payload.carrier }),
})
