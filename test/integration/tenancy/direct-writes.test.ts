import { afterAll, describe, expect, test } from 'vitest'
import { testDatabase } from '../../support/test-database.ts'
import { AppSession } from './support/app-session.ts'
import { relationsIn } from './support/catalog.ts'
import { tableDigest } from './support/table-digest.ts'
import { seedTwoTenants } from './support/two-tenants.ts'

const database = await testDatabase()
const { url, schema } = database
const { contexts } = await seedTwoTenants(database)
const relations = await relationsIn(url, schema)
const before = await tableDigest(url, schema)

const sessions = {
  application: await AppSession.open(database.appUrl),
  worker: await AppSession.open(database.workerUrl),
  maintenance: await AppSession.open(database.maintenanceUrl),
}
await sessions.application.enter(contexts.alpha)

afterAll(async () => {
  for (const session of Object.values(sessions)) await session.close()
})

const named = (...kinds: readonly string[]) => relations.filter(({ kind }) => kinds.includes(kind)).map(({ name }) => `${schema}.${name}`)

describe.each(Object.entries(sessions))('as the %s role', (_, session) => {
  test.each(named('table', 'view', 'materialized view'))('%s takes no direct INSERT, UPDATE, DELETE or COPY', async (relation) => {
    const column = relations.find(({ name }) => `${schema}.${name}` === relation)?.columns[0] ?? ''
    for (const statement of [
      `insert into ${relation} default values`,
      `insert into ${relation} default values on conflict do nothing returning *`,
      `update ${relation} set "${column}" = null`,
      `update ${relation} set "${column}" = "${column}" where false returning *`,
      `delete from ${relation}`,
      `delete from ${relation} where false`,
      `copy ${relation} from stdin`,
    ]) {
      // 55000: a view that nobody can write through, for it joins.
      const states = relation.endsWith('_waiting') ? ['42501', '55000'] : ['42501']
      const state = await session.try(statement)
      expect({ statement, state, refused: states.includes(state) }).toEqual({ statement, state, refused: true })
    }
  })

  test.each(named('table'))('%s cannot be merged into, emptied, locked against others, altered or dropped', async (table) => {
    for (const statement of [
      `merge into ${table} t using (select 1) s on true when matched then delete`,
      `truncate ${table}`,
      `truncate ${table} cascade`,
      `alter table ${table} disable trigger all`,
      `alter table ${table} add column extra text`,
      `drop table ${table}`,
      `create rule r as on delete to ${table} do instead nothing`,
      `create index on ${table} ((1))`,
      `comment on table ${table} is ''`,
    ]) {
      expect({ statement, state: await session.try(statement) }).toEqual({ statement, state: '42501' })
    }
    await session.rows('begin')
    expect(await session.try(`lock table ${table} in access exclusive mode nowait`)).toBe('42501')
    await session.rows('rollback')
    await session.rows('begin')
    expect(await session.try(`select 1 from ${table} for update`)).toBe('42501')
    await session.rows('rollback')
  })

  test.each(named('sequence'))('%s gives out no number and cannot be set', async (sequence) => {
    for (const statement of [
      `select nextval('${sequence}')`,
      `select setval('${sequence}', 1)`,
      `select currval('${sequence}')`,
      `select last_value from ${sequence}`,
      `alter sequence ${sequence} restart`,
      `alter sequence ${sequence} cache 100`,
    ]) {
      expect({ statement, state: await session.try(statement) }).toEqual({ statement, state: '42501' })
    }
  })
})

/** The triggers stand behind the privileges: they stop who has all of them. */
describe('history', () => {
  const destroyers = [
    `update ${schema}.events set payload = '{}'`,
    `update ${schema}.events set payload = '{}' where false`,
    `delete from ${schema}.events`,
    `truncate ${schema}.events`,
    `truncate ${schema}.events, ${schema}.streams cascade`,
    `merge into ${schema}.events e using (select 1) s on true when matched then delete`,
  ]
  test.each(['the owner', 'a superuser'])('cannot be updated, deleted or truncated by %s', async (who) => {
    const session = await AppSession.open(url)
    if (who === 'the owner') await session.rows(`set role ${schema}_owner`)
    const states: string[] = []
    for (const statement of destroyers) states.push(await session.try(statement))
    await session.close()
    expect(states).toEqual(destroyers.map(() => 'ZC004'))
  })

  test('can be destroyed where the triggers are off (the control)', async () => {
    const session = await AppSession.open(url)
    await session.rows('begin')
    await session.rows(`alter table ${schema}.events disable trigger user`)
    const states: string[] = []
    for (const statement of destroyers.slice(0, 3)) states.push(await session.try(statement))
    await session.rows('rollback')
    await session.close()
    expect(states).toEqual(['00000', '00000', '00000'])
  })
})

test('after all of this every table is as it was', async () => {
  expect(await tableDigest(url, schema)).toEqual(before)
})
