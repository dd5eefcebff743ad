import { describe, expect, test } from 'vitest'
import { lintReadAccess, type LintOptions } from './lint-read-access.ts'
import type { RoleAccess, TableModel } from './table-model.ts'

const table: TableModel = {
  name: 'orders',
  columns: [
    { name: 'id', kind: 'text', nullable: false, default: undefined },
    { name: 'customer', kind: 'text', nullable: false, default: undefined },
    { name: 'agent', kind: 'text', nullable: true, default: undefined },
    { name: 'number', kind: 'integer', nullable: false, default: undefined },
  ],
  key: ['id'],
  indexes: [['customer']],
  readAccess: undefined,
}
const all: RoleAccess = { rule: { rows: 'all' }, hidden: [] }
const own = (column: string, ...hidden: readonly string[]): RoleAccess => ({ rule: { rows: 'own', column }, hidden })

function rulesOf(readAccess: TableModel['readAccess'], options?: LintOptions): readonly (readonly [string | undefined, string])[] {
  return lintReadAccess([{ name: 'sales', tables: [{ ...table, readAccess }] }], options).map(({ role, rule }) => [role, rule])
}

describe('lintReadAccess', () => {
  test('has nothing to say of sound rules', () => {
    expect(rulesOf({ staff: all, customer: own('customer', 'agent') }, { roles: ['staff', 'customer'] })).toEqual([])
    expect(rulesOf({ '*': all })).toEqual([])
  })

  test.each<readonly [string, TableModel['readAccess'], LintOptions, readonly (readonly [string | undefined, string])[]]>([
    ['a table without rules', undefined, {}, [[undefined, 'uncovered-table']]],
    ['rules for nobody', {}, {}, [[undefined, 'empty-access']]],
    ['a role that nobody has', { stuff: all }, { roles: ['staff'] }, [['stuff', 'unknown-role']]],
    ['a rule that changes nothing', { '*': all, customer: own('customer') }, {}, [['customer', 'no-effect']]],
    ['a hidden column that is not there', { staff: { ...all, hidden: ['margin'] } }, {}, [['staff', 'unknown-column']]],
    ['a hidden key', { staff: { ...all, hidden: ['id'] } }, {}, [['staff', 'hidden-key']]],
    ['rows of a column that is not there', { customer: own('custmer') }, {}, [['customer', 'unknown-column']]],
    [
      'rows of a column that may be null',
      { agent: own('agent') },
      {},
      [
        ['agent', 'nullable-own-column'],
        ['agent', 'unindexed-own-column'],
      ],
    ],
    [
      'rows of a number',
      { agent: own('number') },
      {},
      [
        ['agent', 'own-column-type'],
        ['agent', 'unindexed-own-column'],
      ],
    ],
    ['rows of a column that is hidden', { customer: own('customer', 'customer') }, {}, [['customer', 'hidden-own-column']]],
  ])('finds %s', (_, readAccess, options, found) => {
    expect(rulesOf(readAccess, options)).toEqual(found)
  })

  test('says where, to whom and what, and names the nearest role', () => {
    const [finding] = lintReadAccess([{ name: 'sales', tables: [{ ...table, readAccess: { stuff: all } }] }], {
      roles: ['staff', 'customer'],
    })
    expect(finding).toEqual({
      projection: 'sales',
      table: 'orders',
      role: 'stuff',
      rule: 'unknown-role',
      message: 'orders has a rule for role "stuff", which nobody comes with; did you mean "staff".',
      remedy: 'Correct the role.',
    })
  })
})
