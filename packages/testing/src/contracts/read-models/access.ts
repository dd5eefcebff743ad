import { expect } from 'vitest'
import { contractGroup } from '../contract-case.ts'
import { refusal } from '../observe.ts'
import type { ReadModelContext } from './context.ts'
import { customerOf, givenOrders, idsOf, order, staffOf } from './given.ts'

async function givenTwoCustomers(context: ReadModelContext): Promise<void> {
  await givenOrders(context, [
    order('a1', { customer: 'ann', margin: '5.0000' }),
    order('a2', { customer: 'ann' }),
    order('b1', { customer: 'bob' }),
  ])
}

export const readAccess = contractGroup<ReadModelContext>('read access', {
  'shows a role with its own rows those of the user alone': async (context) => {
    const { models, orders } = context
    await givenTwoCustomers(context)
    const { rows } = await models.find(customerOf(context, 'ann'), orders.model.name)
    expect(idsOf(rows)).toEqual(['a1', 'a2'])
    expect(await models.get(customerOf(context, 'ann'), orders.model.name, 'b1')).toBeUndefined()
    expect(idsOf((await models.find(customerOf(context, 'bob'), orders.model.name)).rows)).toEqual(['b1'])
    expect((await models.find(customerOf(context, 'ann'), orders.model.name, { where: { customer: 'bob' } })).rows).toEqual([])
  },

  'leaves hidden columns out, and answers no question about them': async (context) => {
    const { models, orders } = context
    await givenTwoCustomers(context)
    const reader = customerOf(context, 'ann')
    const row = await models.get(reader, orders.model.name, 'a1')
    expect(row).toMatchObject({ id: 'a1', customer: 'ann' })
    expect(row).not.toHaveProperty('margin')
    for (const found of (await models.find(reader, orders.model.name)).rows) expect(found).not.toHaveProperty('margin')
    expect(
      (await refusal('CAIRN_INVALID_INPUT', () => models.find(reader, orders.model.name, { where: { margin: null } }))).details,
    ).toMatchObject({ field: 'where' })
    await refusal('CAIRN_INVALID_INPUT', () => models.find(reader, orders.model.name, { orderBy: ['-margin'] }))
    expect(await models.get(staffOf(context), orders.model.name, 'a1')).toMatchObject({ margin: '5.0000' })
    const seen = await models.get({ tenantId: context.tenantId, role: 'auditor' }, orders.model.name, 'a1')
    expect(Object.keys(seen ?? {})).toEqual(['id', 'total', 'margin', 'placed_at', 'due', 'open'])
  },

  'shows a user without a name none of its own rows': async (context) => {
    const { models, orders, tenantId } = context
    await givenTwoCustomers(context)
    await givenOrders(context, [order('empty', { customer: '' })])
    for (const userId of [undefined, '']) {
      expect(await models.find({ tenantId, role: 'customer', userId }, orders.model.name)).toEqual({ rows: [], next: undefined })
      expect(await models.get({ tenantId, role: 'customer', userId }, orders.model.name, 'empty')).toBeUndefined()
    }
  },

  'refuses roles that no rule is for': async (context) => {
    const { models, orders, tenantId } = context
    await givenTwoCustomers(context)
    for (const role of ['visitor', undefined, '', '*', 'STAFF', 'constructor']) {
      await refusal('CAIRN_READ_DENIED', () => models.find({ tenantId, role, userId: 'ann' }, orders.model.name))
      await refusal('CAIRN_READ_DENIED', () => models.get({ tenantId, role, userId: 'ann' }, orders.model.name, 'a1'))
    }
  },

  'refuses everybody where a table has no read access': async (context) => {
    const { models, rows, sealed, tenantId } = context
    await rows.write(sealed, { upserts: [{ tenantId, key: ['a'], values: { id: 'a', value: 1 }, position: 1, partition: 0 }], deletes: [] })
    for (const role of ['staff', 'customer', undefined])
      await refusal('CAIRN_READ_DENIED', () => models.get({ tenantId, role }, sealed.model.name, 'a'))
  },

  'refuses a tenant that is none': async (context) => {
    for (const tenantId of ['', 'x'.repeat(201)])
      await refusal('CAIRN_INVALID_INPUT', () => context.models.find({ tenantId, role: 'staff' }, context.orders.model.name))
  },
})
