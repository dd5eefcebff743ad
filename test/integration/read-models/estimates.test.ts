import { PooledRowStore } from '@cairn/infra/pg'
import { describe, expect, test } from 'vitest'
import { AppSession } from '../tenancy/support/app-session.ts'
import { column, planOf, tableModel } from './support/models.ts'
import { projections, type Projections } from './support/projections.ts'
import { capturedContext } from './support/two-tenants.ts'

const model = tableModel(
  'salaries',
  [column('id', 'text'), column('owner', 'uuid'), column('salary', 'integer'), column('paid_at', 'timestamp'), column('day', 'date')],
  ['id'],
  {
    indexes: [['salary']],
    readAccess: { '*': { rule: { rows: 'all' }, hidden: [] } },
  },
)

async function prepare(): Promise<Projections & { readonly physical: string }> {
  const on = await projections()
  const { tables } = await on.store.ensure(planOf('salaries', [model]))
  const [table] = tables
  if (table === undefined) throw new TypeError('no table')
  const upserts = ['alpha', 'bravo'].flatMap((tenantId) =>
    Array.from({ length: 400 }, (_, i) => ({
      tenantId,
      key: [`${tenantId}-${i}`],
      values: {
        id: `${tenantId}-${i}`,
        owner: tenantId === 'bravo' ? '0190b1c4-7a3e-7bbb-8000-0123456789ab' : '00000000-0000-0000-0000-000000000001',
        salary: tenantId === 'bravo' ? 77_777 : 1,
        paid_at: tenantId === 'bravo' ? '2026-05-05T00:00:00.000Z' : '2020-01-01T00:00:00.000Z',
        day: tenantId === 'bravo' ? '2026-05-05' : '2020-01-01',
      },
      position: 1,
      partition: 0,
    })),
  )
  await new PooledRowStore(on.db).write(table, { upserts, deletes: [] })
  return { ...on, physical: `${on.database.schema}.${table.name}` }
}

/** A value of the victim's and one of nobody's, for each column. */
const questions = [
  ['tenant_id', "'bravo'", "'nobody'"],
  ['id', "'bravo-7'", "'charlie-7'"],
  ['owner', "'0190b1c4-7a3e-7bbb-8000-0123456789ab'", "'0190b1c4-7a3e-7bbb-8000-ffffffffffff'"],
  ['salary', '77777', '66666'],
  ['paid_at', "'2026-05-05T00:00:00Z'", "'2026-06-06T00:00:00Z'"],
  ['day', "'2026-05-05'", "'2026-06-06'"],
] as const

async function tells(on: Projections & { readonly physical: string }): Promise<readonly string[]> {
  const session = await AppSession.open(on.database.appUrl)
  await session.enter(await capturedContext(on.db, 'alpha'))
  const told: string[] = []
  for (const relation of [on.physical, `${on.database.schema}.salaries`]) {
    for (const [name, theirs, nobodys] of questions) {
      for (const operator of ['=', '<', '>=']) {
        const estimate = async (value: string): Promise<string> => {
          const plan = JSON.stringify(
            await session.rows(`explain (format json) select 1 from ${relation} where ${name} ${operator} ${value}`),
          )
          return JSON.stringify(plan.match(/"(Total Cost|Plan Rows)":[\d.]+/g))
        }
        if ((await estimate(theirs)) !== (await estimate(nobodys)) && !told.includes(name)) told.push(name)
      }
    }
  }
  await session.close()
  return told
}

const guarded = await prepare()
await guarded.ask('analyze')
const sampled = await prepare()
for (const [name] of questions) await sampled.ask(`alter table ${sampled.physical} alter column ${name} set statistics 100`)
await sampled.ask('analyze')

describe('what EXPLAIN estimates of a read model', () => {
  test('is the same for what another tenant has and for what nobody has, in every column', async () => {
    expect(await tells(guarded)).toEqual([])
  })

  test('tells them apart where PostgreSQL may keep samples (the control), numbers and times too', async () => {
    expect(await tells(sampled)).toEqual(expect.arrayContaining(['tenant_id', 'id', 'owner', 'salary', 'paid_at', 'day']))
  })
})
