import { allRows, defineProjection, integer, table, text } from '@cairn/projections'
import { addLine, emptyBasket } from '../workload/basket.ts'
import { basketEvents } from '../contestants/cairn-basket.ts'

/** One row per basket, folded as every system folds it. */
export function basketTotals(name: string) {
  const tableName = name.replaceAll('-', '_')
  return defineProjection(name, {
    version: 1,
    events: [basketEvents],
    tables: {
      [tableName]: table(
        { basket_id: text(), lines: integer().default(0), total: integer().default(0) },
        { key: 'basket_id', readAccess: { '*': allRows } },
      ),
    },
  }).fold(tableName, {
    key: (e) => e.aggregateId,
    evolve: { 'basket.lineAdded': (row, e) => addLine(row ?? emptyBasket(), e.payload) },
  })
}
