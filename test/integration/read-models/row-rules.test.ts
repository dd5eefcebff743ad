import { describe, expect, test, afterAll, beforeAll } from 'vitest'
import { AppSession } from '../tenancy/support/app-session.ts'
import { alpha, ownMark } from '../tenancy/support/two-tenants.ts'
import { column, planOf, tableModel } from './support/models.ts'
import { projections } from './support/projections.ts'
import { capturedContext, guarded, open, sealed, seedNotes } from './support/two-tenants.ts'

const on = await projections()
const { database, db, store, moveTo } = on
const { schema } = database

/** Everybody reads their own, auditors all. */
const mixed = tableModel('mixed_notes', guarded.columns, ['id'], {
  readAccess: { '*': { rule: { rows: 'own', column: 'owner' }, hidden: [] }, auditor: { rule: { rows: 'all' }, hidden: [] } },
})
const empty = tableModel('empty_notes', guarded.columns, ['id'], { readAccess: {} })
/** Names that would break out of a policy’s text. */
const quoted = tableModel('quoted_notes', guarded.columns, ['id'], {
  readAccess: { "o'hara": { rule: { rows: 'all' }, hidden: [] }, '\\': { rule: { rows: 'own', column: 'owner' }, hidden: [] } },
})

const previous = await store.create(planOf('notes', [open, guarded]))
await store.switchTo(previous)
const live = await store.create(planOf('notes', [open, guarded, sealed, mixed, empty, quoted], { version: 2 }))
const building = await store.create(planOf('notes', [open, guarded], { version: 3 }))
const inline = await store.ensure(
  planOf('inline-notes', [tableModel('inline_notes', open.columns, ['id'], { readAccess: open.readAccess ?? {} })], { inline: true }),
)
for (const generation of [previous, live, building, inline]) await seedNotes(db, generation)
await moveTo(live, 10)
await store.switchTo(live)

let session: AppSession
beforeAll(async () => {
  session = await AppSession.open(database.appUrl)
})
afterAll(() => session.close())

/** The owners of the rows that alpha sees of a relation, in a role, as a user. */
async function owners(relation: string, role: string | undefined, userId: string | undefined): Promise<readonly unknown[]> {
  await session.enter(
    await capturedContext(db, alpha, { ...(role === undefined ? {} : { role }), ...(userId === undefined ? {} : { userId }) }),
  )
  const rows = await session.rows(`select owner, id from ${schema}.${relation} order by owner`)
  for (const { id } of rows) expect(id).toContain(ownMark)
  return rows.map(({ owner }) => owner)
}

const both = ['ann', 'bob']
const rules: readonly (readonly [table: string, role: string | undefined, user: string | undefined, seen: readonly string[]])[] = [
  ['open_notes', undefined, undefined, both],
  ['open_notes', 'visitor', 'eve', both],
  ['guarded_notes', 'staff', undefined, both],
  ['guarded_notes', 'member', 'ann', ['ann']],
  ['guarded_notes', 'member', 'eve', []],
  ['guarded_notes', 'member', undefined, []],
  ['guarded_notes', 'visitor', 'ann', []],
  ['guarded_notes', undefined, 'ann', []],
  ['guarded_notes', 'staff,member', 'ann', []],
  ['guarded_notes', '{staff}', 'ann', []],
  ['sealed_notes', 'staff', 'ann', []],
  ['sealed_notes', undefined, undefined, []],
  ['mixed_notes', 'auditor', undefined, both],
  ['mixed_notes', 'visitor', 'bob', ['bob']],
  ['mixed_notes', undefined, 'ann', ['ann']],
  ['mixed_notes', undefined, undefined, []],
  ['empty_notes', 'staff', 'ann', []],
  ['quoted_notes', "o'hara", 'eve', both],
  ['quoted_notes', '\\', 'bob', ['bob']],
  ['quoted_notes', 'staff', 'ann', []],
]

describe('the view and the live table behind it', () => {
  test.each(rules)('%s shows a caller in role %s, user %s, the rows of %s', async (table, role, user, seen) => {
    const physical = live.tables.find(({ model }) => model.name === table)?.name ?? ''
    expect(await owners(table, role, user)).toEqual(seen)
    expect(await owners(physical, role, user)).toEqual(seen)
  })

  test('show nothing without a context, or with a role that was changed in it', async () => {
    for (const relation of ['open_notes', 'guarded_notes', 'mixed_notes']) {
      await session.enter({ context: '', signature: '' })
      expect(await session.rows(`select * from ${schema}.${relation}`)).toEqual([])
      const { context, signature } = await capturedContext(db, alpha, { role: 'member', userId: 'ann' })
      await session.enter({ context: context.replace('member', 'staff'), signature })
      expect(await session.rows(`select * from ${schema}.${relation}`)).toEqual([])
    }
  })

  test('leave out position and partition in the view', async () => {
    const [row] = await on.ask(`select * from ${schema}.open_notes limit 1`)
    expect(Object.keys(row ?? {})).toEqual(['tenant_id', 'id', 'owner', 'note'])
  })
})

describe('tables that no view shows', () => {
  test.each([...previous.tables, ...building.tables].map(({ name }) => name))('%s is refused to the application', async (table) => {
    await session.enter(await capturedContext(db, alpha, { role: 'staff' }))
    expect(await session.try(`select * from ${schema}.${table}`)).toBe('42501')
  })
})

const statementsOn = (relation: string): readonly string[] => [
  `insert into ${relation} default values`,
  `update ${relation} set owner = 'x'`,
  `delete from ${relation}`,
  `drop table ${relation}`,
]

describe('what the application may not do', () => {
  test.each([...live.tables.map(({ name }) => name), 'open_notes', 'guarded_notes'])('change %s', async (relation) => {
    await session.enter(await capturedContext(db, alpha, { role: 'staff' }))
    for (const statement of statementsOn(`${schema}.${relation}`))
      expect({ statement, state: await session.try(statement) }).toEqual({
        statement,
        state: statement.startsWith('drop table') && !relation.includes('__') ? '42809' : '42501',
      })
  })

  test('change the rows of an inline projection, though it has the privilege', async () => {
    const [table] = inline.tables
    const name = `${schema}.${table?.name}`
    await session.enter(await capturedContext(db, alpha, { role: 'staff' }))
    const digest = await store.digest(inline)
    expect(await session.try(`insert into ${name} values ('alpha', 'new', 'ann', '{}', 1, 0)`)).toBe('42501')
    await session.try(`update ${name} set owner = 'x'`)
    await session.try(`delete from ${name}`)
    expect(await store.digest(inline)).toEqual(digest)
    expect(await session.rows(`select * from ${name}`)).toHaveLength(2)
  })

  test('sign a role of Cairn’s own', () => {
    for (const role of ['cairn:inline', 'cairn:']) expect(() => db.signer.sign([alpha], { role })).toThrow(/Cairn's own/)
  })

  test('change an inline table of another tenant, even in the context of the event store', async () => {
    const [table] = inline.tables
    const name = `${schema}.${table?.name}`
    const { text, signature } = db.signer.signInline(alpha)
    await session.enter({ context: text, signature })
    expect(await session.try(`insert into ${name} values ('bravo', 'new', 'ann', '{}', 1, 0)`)).toBe('42501')
    await session.rows(`update ${name} set owner = owner`)
    expect(await session.try(`update ${name} set tenant_id = 'bravo'`)).toBe('42501')
    expect((await session.rows(`delete from ${name} returning tenant_id`)).map((row) => row['tenant_id'])).toEqual([alpha, alpha])
  })
})

test('a user of a uuid column sees his rows', async () => {
  const id = '0190b1c4-7a3e-7bbb-8000-0123456789ab'
  const model = tableModel('uuid_notes', [column('id', 'text'), column('owner', 'uuid')], ['id'], {
    readAccess: { '*': { rule: { rows: 'own', column: 'owner' }, hidden: [] } },
  })
  const generation = await store.ensure(planOf('uuid-notes', [model]))
  await on.ask(`insert into ${schema}.${generation.tables[0]?.name} values ('alpha', 'a', '${id}', 1, 0)`)
  await session.enter(await capturedContext(db, alpha, { userId: id }))
  expect(await session.rows(`select id from ${schema}.uuid_notes`)).toEqual([{ id: 'a' }])
  await session.enter(await capturedContext(db, alpha, { userId: 'ann' }))
  expect(await session.rows(`select id from ${schema}.uuid_notes`)).toEqual([])
})
