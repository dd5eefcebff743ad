import { matchesPumpFilter, parsePumpFilter, pumpFilterOperators } from '@cairn/core'
import { expect, test } from 'vitest'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase } from '../../support/test-database.ts'

const { url, schema } = await testDatabase()

const cells = [
  null,
  true,
  false,
  '',
  'a',
  'A',
  'ä',
  'z',
  '10',
  '9',
  ' 9',
  '-1',
  '1e1',
  '😀',
  '\uffff',
  0,
  9,
  10,
  -1,
  0.5,
  1e21,
  [],
  {},
  [1],
  { a: 1 },
]
const values = ['', 'a', 'B', 'ä', '10', '9', '9.0', '-1', '1e1', '.5', '5.', '0x10', 'true', 'null', '😀', '\uffff', '[]', 'NaN']

test('SQL and TypeScript agree on every operator, value and kind of cell', async () => {
  const cases = pumpFilterOperators.flatMap((operator) =>
    values.flatMap((value) => [...cells.map((cell) => ({ row: { c: cell }, operator, value })), { row: {}, operator, value }]),
  )
  const rows = await queryOnce<{ matches: boolean }>(
    url,
    `select ${schema}.change_matches(e->'row', 'c', e->>'operator', array[e->>'value']) as matches
       from jsonb_array_elements($1::jsonb) with ordinality w(e, i) order by i`,
    [JSON.stringify(cases)],
  )
  const different = cases.filter(({ row, operator, value }, i) => {
    const filter = parsePumpFilter(operator === 'in' ? `c=in.("${value}")` : `c=${operator}.${value}`)
    return matchesPumpFilter(filter, row) !== rows[i]?.matches
  })
  expect(different).toEqual([])
  expect(rows.filter(({ matches }) => matches).length).toBeGreaterThan(100)
})
