import { describe, expect, test } from 'vitest'
import { DefinitionError } from '../../errors/domain.ts'
import { bigint, double, integer, json, numeric, text, uuid } from '../columns/columns.ts'
import { allRows, ownRows } from './read-access.ts'
import { table, type Table } from './table.ts'
import { toTableModel } from './to-table-model.ts'

test('a table becomes a model that programs can read', () => {
  const orders = table(
    { id: uuid(), customer: text(), total: numeric(12, 2).default(0), note: text().nullable(), tags: json<string[]>().default([]) },
    {
      key: 'id',
      indexes: ['customer', ['customer', 'total']],
      readAccess: { customer: ownRows('customer').hide('note', 'tags'), '*': allRows },
    },
  )
  expect(toTableModel('orders', orders)).toEqual({
    name: 'orders',
    columns: [
      { name: 'id', kind: 'uuid', nullable: false, default: undefined },
      { name: 'customer', kind: 'text', nullable: false, default: undefined },
      { name: 'total', kind: 'numeric', nullable: false, default: 0, precision: 12, scale: 2 },
      { name: 'note', kind: 'text', nullable: true, default: undefined },
      { name: 'tags', kind: 'json', nullable: false, default: [] },
    ],
    key: ['id'],
    indexes: [['customer'], ['customer', 'total']],
    readAccess: {
      customer: { rule: { rows: 'own', column: 'customer' }, hidden: ['note', 'tags'] },
      '*': { rule: { rows: 'all' }, hidden: [] },
    },
  })
})

test('without readAccess a table is denied to the application', () => {
  expect(toTableModel('orders', table({ id: text() }, { key: 'id' })).readAccess).toBeUndefined()
})

test('the model survives JSON: a schema of a JSON column is no part of the shape', () => {
  const model = toTableModel('orders', table({ id: text(), amount: bigint().default(5) }, { key: 'id' }))
  expect(JSON.parse(JSON.stringify(model))).toEqual(
    JSON.parse(JSON.stringify({ ...model, columns: model.columns.map((column) => ({ ...column })) })),
  )
})

// As plain JavaScript could write them; types refuse most of these.
const declared = (columns: object, key: unknown, more: object = {}): Table =>
  ({ columns, key, indexes: [], readAccess: undefined, ...more }) as Table

const wrong: readonly (readonly [string, Table, RegExp])[] = [
  ['no columns', declared({}, 'id'), /orders has no columns/],
  ['a column that is none', declared({ id: 'text' }, 'id'), /orders\.id is no column/],
  ['a column name in camelCase', declared({ customerId: text() }, 'customerId'), /"customerId" cannot name a column of orders/],
  ['a column name of 41 characters', declared({ ['x'.repeat(41)]: text() }, 'x'), /at most 40 characters/],
  ['a column that every table has', declared({ tenant_id: text() }, 'tenant_id'), /"tenant_id" .* is reserved/],
  ['a column that PostgreSQL has', declared({ id: text(), xmin: integer() }, 'id'), /"xmin" .* is reserved/],
  ['a column that objects have', declared({ id: text(), constructor: text() }, 'id'), /"constructor" .* is reserved/],
  ['no key', declared({ id: text() }, []), /orders has no key/],
  ['a key that is no column', declared({ id: text() }, 'idd'), /names "idd", which is no column\. Did you mean "id"\?/],
  ['a key twice', declared({ id: text() }, ['id', 'id']), /names a column twice/],
  ['a key that may be null', declared({ id: text().nullable() }, 'id'), /orders\.id cannot be part of the key: it may be null/],
  ['a key of JSON', declared({ id: json() }, 'id'), /orders\.id cannot be part of the key: it is json/],
  ['a key of floating point', declared({ id: double() }, 'id'), /it is double/],
  ['an index of nothing', declared({ id: text() }, 'id', { indexes: ['name'] }), /An index of orders names "name"/],
  ['digits out of range', declared({ id: numeric(1_001) }, 'id'), /numeric\(1001, 0\)/],
  ['more decimals than digits', declared({ id: numeric(2, 3) }, 'id'), /numeric\(2, 3\)/],
  [
    'a default of another type',
    declared({ id: text(), n: integer().default(1.5) }, 'id'),
    /The default of orders\.n does not fit: .*not 1\.5/,
  ],
  ['rows owned by a number', declared({ id: integer() }, 'id', { readAccess: { user: ownRows('id') } }), /orders\.id is integer/],
  [
    'rows owned by nothing',
    declared({ id: text() }, 'id', { readAccess: { user: ownRows('owner') } }),
    /role "user" of orders names "owner"/,
  ],
  ['a hidden column that is none', declared({ id: text() }, 'id', { readAccess: { user: allRows.hide('note') } }), /names "note"/],
  ['a role without a name', declared({ id: text() }, 'id', { readAccess: { '': allRows } }), /a role without a name/],
]

describe('a definition is refused with', () => {
  test.each(wrong)('%s', (_what, given, message) => {
    expect(() => toTableModel('orders', given)).toThrow(DefinitionError)
    expect(() => toTableModel('orders', given)).toThrow(message)
  })
})
