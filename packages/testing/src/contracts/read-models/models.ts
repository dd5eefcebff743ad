import type { TableModel } from '@cairn/core'
import { column, tableModel } from '../row-store/models.ts'

/** Staff read all, customers their own without the margin, everybody what is for everybody. */
export const orders: TableModel = tableModel(
  'orders',
  [
    column('id', 'text'),
    column('customer', 'text'),
    column('total', 'numeric', { precision: 12, scale: 2 }),
    column('margin', 'numeric', { nullable: true, precision: 20, scale: 4 }),
    column('placed_at', 'timestamp'),
    column('due', 'date', { nullable: true }),
    column('lines', 'json'),
    column('open', 'boolean'),
  ],
  ['id'],
  {
    indexes: [['customer'], ['placed_at']],
    readAccess: {
      staff: { rule: { rows: 'all' }, hidden: [] },
      customer: { rule: { rows: 'own', column: 'customer' }, hidden: ['margin'] },
      auditor: { rule: { rows: 'all' }, hidden: ['customer', 'lines'] },
    },
  },
)

/** Without read access. */
export const sealed: TableModel = tableModel('sealed', [column('id', 'text'), column('value', 'integer')], ['id'])
