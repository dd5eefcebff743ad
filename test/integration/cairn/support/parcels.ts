import {
  allRows,
  creates,
  defineCommands,
  defineDecider,
  defineDomain,
  defineEvents,
  defineProjection,
  integer,
  table,
  text,
  versions,
} from '@cairn/cairn'
import { z } from 'zod'

/**
 * Versions of one app's code: the second has a new event type and a new version of the projection. The third only renames a field of an
 * event, with an upcaster; its subscriptions are those of the first.
 */

const kg = z.object({ kg: z.int() })

const oldEvents = defineEvents('parcel', { sent: kg, weighed: kg })
const oldCommands = defineCommands('parcel', { send: creates(kg), weigh: kg })
const OldParcel = defineDecider(oldEvents, () => 0)
  .evolve({ sent: (_, event) => event.kg, weighed: (_, event) => event.kg })
  .decide(oldCommands, { send: (_, command) => oldEvents.sent(command), weigh: (_, command) => oldEvents.weighed(command) })

export const oldWeights = defineProjection('weights', {
  version: 1,
  events: [oldEvents],
  partitionBy: 'stream',
  partitions: 2,
  tables: table({ id: text(), kg: integer(), changes: integer() }, { key: 'id', readAccess: { '*': allRows } }),
}).on({
  'parcel.sent': ({ aggregateId, payload }, { weights }) => weights.upsert({ id: aggregateId, kg: payload.kg, changes: 1 }),
  'parcel.weighed': ({ aggregateId, payload }, { weights }) =>
    weights.update(aggregateId, (row) => ({ kg: payload.kg, changes: (row?.changes ?? 0) + 1 })),
})

const newEvents = defineEvents('parcel', { sent: kg, weighed: kg, returned: z.object({ reason: z.string() }) })
const newCommands = defineCommands('parcel', { send: creates(kg), weigh: kg, return: z.object({ reason: z.string() }) })
const NewParcel = defineDecider(newEvents, () => 0)
  .evolve({ sent: (_, event) => event.kg, weighed: (_, event) => event.kg, returned: (state) => state })
  .decide(newCommands, {
    send: (_, command) => newEvents.sent(command),
    weigh: (_, command) => newEvents.weighed(command),
    return: (_, command) => newEvents.returned(command),
  })

export const newWeights = defineProjection('weights', {
  version: 2,
  events: [newEvents],
  partitionBy: 'stream',
  partitions: 3,
  tables: table(
    { id: text(), kg: integer(), changes: integer(), returned: text().nullable() },
    { key: 'id', readAccess: { '*': allRows } },
  ),
}).on({
  'parcel.sent': ({ aggregateId, payload }, { weights }) => weights.upsert({ id: aggregateId, kg: payload.kg, changes: 1 }),
  'parcel.weighed': ({ aggregateId, payload }, { weights }) =>
    weights.update(aggregateId, (row) => ({ kg: payload.kg, changes: (row?.changes ?? 0) + 1, returned: row?.returned ?? null })),
  'parcel.returned': ({ aggregateId, payload }, { weights }) =>
    weights.update(aggregateId, (row) => ({ kg: row?.kg ?? 0, changes: (row?.changes ?? 0) + 1, returned: payload.reason })),
})

const newestEvents = defineEvents('parcel', {
  sent: versions(kg)
    .next(z.object({ grams: z.int() }))
    .from((v1) => ({ grams: v1.kg * 1_000 })),
  weighed: kg,
})
const NewestParcel = defineDecider(newestEvents, () => 0)
  .evolve({ sent: (_, event) => event.grams, weighed: (_, event) => event.kg })
  .decide(oldCommands, {
    send: (_, command) => newestEvents.sent({ grams: command.kg * 1_000 }),
    weigh: (_, command) => newestEvents.weighed(command),
  })

const newestWeights = defineProjection('weights', {
  version: 1,
  events: [newestEvents],
  partitionBy: 'stream',
  partitions: 2,
  tables: table({ id: text(), kg: integer(), changes: integer() }, { key: 'id', readAccess: { '*': allRows } }),
}).on({
  'parcel.sent': ({ aggregateId, payload }, { weights }) => weights.upsert({ id: aggregateId, kg: payload.grams / 1_000, changes: 1 }),
  'parcel.weighed': ({ aggregateId, payload }, { weights }) =>
    weights.update(aggregateId, (row) => ({ kg: payload.kg, changes: (row?.changes ?? 0) + 1 })),
})

export const oldParcels = defineDomain('parcels', { aggregates: [OldParcel], projections: [oldWeights] })
export const newParcels = defineDomain('parcels', { aggregates: [NewParcel], projections: [newWeights] })
export const newestParcels = defineDomain('parcels', { aggregates: [NewestParcel], projections: [newestWeights] })
export { newCommands, oldCommands }
