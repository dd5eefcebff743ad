import { allRows, bigint, defineProjection, table, text } from '@cairn/projections'
import { basketEvents } from '../contestants/cairn-basket.ts'

/** A row per append that says its position, so that a look at the newest one says which are there. */
export const tailRows = defineProjection('tail-row', {
  version: 1,
  events: [basketEvents],
  tables: table({ basket_id: text(), position: bigint() }, { key: 'basket_id', indexes: [['position']], readAccess: { '*': allRows } }),
}).on({ 'basket.lineAdded': (e, { tail_row }) => tail_row.upsert({ basket_id: e.aggregateId, position: e.position }) })
