import type { FindRows, RowValues } from '@cairn/core'
import { expect } from 'vitest'
import { contractGroup } from '../contract-case.ts'
import { refusal, upTo } from '../observe.ts'
import type { ReadModelContext } from './context.ts'
import { givenOrders, idsOf, order, staffOf } from './given.ts'

/** All pages of a question, one row after another. */
async function allPages(context: ReadModelContext, query: FindRows, limit: number): Promise<readonly unknown[]> {
  const found: unknown[] = []
  let after: string | undefined
  for (;;) {
    const page = await context.models.find(staffOf(context), context.orders.model.name, { ...query, limit, after })
    expect(page.rows.length).toBeLessThanOrEqual(limit)
    found.push(...idsOf(page.rows))
    if (page.next === undefined) return found
    expect(page.rows).toHaveLength(limit)
    after = page.next
  }
}

export const readingRows = contractGroup<ReadModelContext>('get and find', {
  'gets a row by its key, every column as it was written': async (context) => {
    const { models, orders } = context
    const row = order('a', { margin: '123456789.0001', due: '2026-02-03', lines: [{ sku: 'x', quantity: 2 }], total: 12.5, open: false })
    await givenOrders(context, [row, order('b')])
    expect(await models.get(staffOf(context), orders.model.name, 'a')).toEqual(row)
    expect(await models.get(staffOf(context), orders.model.name, ['b'])).toEqual(order('b'))
    expect(await models.get(staffOf(context), orders.model.name, 'none')).toBeUndefined()
  },

  'finds every row of the tenant by the key’s order, and those of no other': async (context) => {
    const { models, orders, otherTenantId } = context
    await givenOrders(
      context,
      ['c', 'a', 'b'].map((id) => order(id)),
    )
    await givenOrders(context, [order('theirs')], otherTenantId)
    const page = await models.find(staffOf(context), orders.model.name)
    expect(page).toEqual({ rows: ['a', 'b', 'c'].map((id) => order(id)), next: undefined })
    expect(await models.get(staffOf(context), orders.model.name, 'theirs')).toBeUndefined()
  },

  'finds by values, lists, ranges and the lack of a value': async (context) => {
    const rows: readonly RowValues[] = [
      order('a', { total: 1, customer: 'ann', due: '2026-01-01' }),
      order('b', { total: 2, customer: 'bob', due: '2026-01-02', open: false }),
      order('c', { total: 3, customer: 'ann', placed_at: '2026-03-01T10:00:00.000Z' }),
      order('d', { total: 3.5, customer: "o'neill" }),
    ]
    await givenOrders(context, rows)
    const questions: readonly (readonly [FindRows['where'], string])[] = [
      [{}, 'abcd'],
      [{ customer: 'ann' }, 'ac'],
      [{ customer: "o'neill" }, 'd'],
      [{ customer: 'nobody' }, ''],
      [{ customer: 'ann', total: 3 }, 'c'],
      [{ id: { in: ['a', 'd', 'zzz'] } }, 'ad'],
      [{ id: { in: [] } }, ''],
      [{ customer: { in: ['bob', "o'neill"] } }, 'bd'],
      [{ total: { above: 2 } }, 'cd'],
      [{ total: { from: 2, below: 3.5 } }, 'bc'],
      [{ total: { upTo: 3 } }, 'abc'],
      [{ due: null }, 'cd'],
      [{ due: { from: '2026-01-02' } }, 'b'],
      [{ placed_at: { above: '2026-02-01T00:00:00.000Z' } }, 'c'],
      [{ open: false }, 'b'],
      [{ open: true, total: { below: 3 } }, 'a'],
    ]
    for (const [where, ids] of questions) {
      const { rows: found } = await context.models.find(staffOf(context), context.orders.model.name, { where })
      expect({ where, ids: idsOf(found).join('') }).toEqual({ where, ids })
    }
  },

  'orders up and down, by several columns, rows without a value last (first, downwards)': async (context) => {
    await givenOrders(context, [
      order('a', { total: 2, due: '2026-01-02', customer: 'b' }),
      order('b', { total: 1, due: null, customer: 'b' }),
      order('c', { total: 2, due: '2026-01-01', customer: 'a' }),
      order('d', { total: 3, due: null, customer: 'a' }),
    ])
    const orders: readonly (readonly [readonly string[], string])[] = [
      [[], 'abcd'],
      [['-id'], 'dcba'],
      [['total'], 'bacd'],
      [['-total'], 'dacb'],
      [['-total', '-id'], 'dcab'],
      [['due'], 'cabd'],
      [['-due'], 'bdac'],
      [['customer', '-total'], 'dcab'],
    ]
    for (const [orderBy, ids] of orders) {
      const { rows } = await context.models.find(staffOf(context), context.orders.model.name, { orderBy })
      expect({ orderBy, ids: idsOf(rows).join('') }).toEqual({ orderBy, ids })
      for (const limit of [1, 2, 3])
        expect({ orderBy, limit, ids: (await allPages(context, { orderBy }, limit)).join('') }).toEqual({ orderBy, limit, ids })
    }
  },

  'pages through conditions too, each row once': async (context) => {
    const rows = upTo(57).map((n) => order(`row-${String(n).padStart(2, '0')}`, { total: n % 5, due: n % 7 === 0 ? null : '2026-01-01' }))
    await givenOrders(context, rows)
    const query: FindRows = { where: { total: { above: 0 } }, orderBy: ['-due', 'total'] }
    const { rows: whole } = await context.models.find(staffOf(context), context.orders.model.name, query)
    expect(whole).toHaveLength(46)
    expect(await allPages(context, query, 7)).toEqual(idsOf(whole))
  },

  'gives 100 rows at first, and no next page where there is none': async (context) => {
    await givenOrders(
      context,
      upTo(100).map((n) => order(`row-${n}`)),
    )
    const page = await context.models.find(staffOf(context), context.orders.model.name)
    expect(page.rows).toHaveLength(100)
    expect(page.next).toBeUndefined()
    await givenOrders(context, [order('one more')])
    const more = await context.models.find(staffOf(context), context.orders.model.name)
    expect(more.rows).toHaveLength(100)
    expect(more.next).toBeDefined()
  },

  'refuses what no table or column of ours is, naming the nearest': async (context) => {
    const { models, orders } = context
    const reader = staffOf(context)
    const { name } = orders.model
    const table = await refusal('CAIRN_INVALID_INPUT', () => models.find(reader, `${name}x`))
    expect(table.message).toContain(`"${name}"`)
    expect(table.details).toMatchObject({ field: 'table' })
    const where = await refusal('CAIRN_INVALID_INPUT', () => models.find(reader, name, { where: { custmer: 'ann' } }))
    expect(where.message).toContain('"customer"')
    expect(where.details).toMatchObject({ field: 'where' })
    for (const orderBy of [['nothing'], ['-'], ['total', '-total'], ['lines'], ['tenant_id'], ['id; drop table x']])
      expect((await refusal('CAIRN_INVALID_INPUT', () => models.find(reader, name, { orderBy }))).details).toMatchObject({
        field: 'orderBy',
      })
  },

  'refuses values that do not fit their column': async (context) => {
    const { models, orders } = context
    const wrong: readonly FindRows['where'][] = [
      { total: 'ten' },
      { placed_at: 'yesterday' },
      { due: '2026-02-30' },
      { open: 'true' },
      { customer: 7 },
      { customer: 'nul \0' },
      { id: { in: ['a', 1] } },
      { lines: 'x' },
      { total: { above: 'x' } },
    ]
    for (const where of wrong)
      expect(
        (await refusal('CAIRN_INVALID_INPUT', () => models.find(staffOf(context), orders.model.name, { where }))).details,
      ).toMatchObject({ field: 'where' })
    for (const key of [7, ['a', 'b'], []]) await refusal('CAIRN_INVALID_INPUT', () => models.get(staffOf(context), orders.model.name, key))
    for (const limit of [0, -1, 1.5, 1_001, Number.NaN])
      expect(
        (await refusal('CAIRN_INVALID_INPUT', () => models.find(staffOf(context), orders.model.name, { limit }))).details,
      ).toMatchObject({ field: 'limit' })
  },

  'refuses a cursor that is none, or of another question or reader': async (context) => {
    const { models, orders } = context
    await givenOrders(
      context,
      upTo(5).map((n) => order(`row-${n}`)),
    )
    const reader = staffOf(context)
    const { next } = await models.find(reader, orders.model.name, { limit: 2 })
    const others: readonly FindRows[] = [
      { after: 'nonsense' },
      { after: '' },
      { after: next, orderBy: ['-id'] },
      { after: next, where: { open: true } },
    ]
    for (const query of others)
      expect((await refusal('CAIRN_INVALID_INPUT', () => models.find(reader, orders.model.name, query))).details).toMatchObject({
        field: 'after',
      })
    await refusal('CAIRN_INVALID_INPUT', () =>
      models.find({ ...reader, tenantId: context.otherTenantId }, orders.model.name, { after: next }),
    )
    // Another page size is the same question.
    expect((await models.find(reader, orders.model.name, { after: next, limit: 3 })).rows).toHaveLength(3)
  },
})
