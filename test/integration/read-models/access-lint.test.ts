import type { AccessFault, AccessRule, DeclaredProjection, PhysicalTable, TableModel } from '@cairn/core'
import { PgProjectionStore, PooledRowStore } from '@cairn/infra/pg'
import { afterAll, describe, expect, test } from 'vitest'
import { queryOnce } from '../../support/query-once.ts'
import { column, planOf, tableModel } from './support/models.ts'
import { projections } from './support/projections.ts'
import { capturedContext } from './support/two-tenants.ts'

const on = await projections()
const { database, db, store, ask } = on
const { schema } = database
const rows = new PooledRowStore(db)
let made = 0

interface Ground {
  readonly declared: DeclaredProjection
  readonly table: PhysicalTable
  readonly model: TableModel
  /** The table's name with its schema's. */
  readonly name: string
  readonly view: string
}

/** A live projection of one table, in which every tenant has a row. */
async function given(inline = false): Promise<Ground> {
  const projection = `guarded-${++made}`
  const model = tableModel(
    `guarded_${made}`,
    [column('id', 'text'), column('total', 'numeric', { precision: 12, scale: 2 }), column('owner', 'uuid', { nullable: true })],
    ['id'],
    {
      readAccess: {
        staff: { rule: { rows: 'all' }, hidden: [] },
        clerk: { rule: { rows: 'all' }, hidden: [] },
        customer: { rule: { rows: 'own', column: 'id' }, hidden: [] },
        owner: { rule: { rows: 'own', column: 'owner' }, hidden: [] },
      },
    },
  )
  const { tables, fingerprint } = await store.ensure(planOf(projection, [model], { inline }))
  const [table] = tables
  if (table === undefined) throw new TypeError('no table')
  const upserts = ['alpha', 'beta'].map((tenantId) => ({
    tenantId,
    key: ['a'],
    values: { id: 'a', total: 1, owner: null },
    position: 1,
    partition: 0,
  }))
  await rows.write(table, { upserts, deletes: [] })
  return {
    declared: { name: projection, version: 1, fingerprint, tables: [model], inline },
    table,
    model,
    name: `${schema}.${table.name}`,
    view: `${schema}.${model.name}`,
  }
}

/** How many rows the application sees in the name of tenant alpha: a sound read model shows one. */
async function visible(view: string, role: string): Promise<number> {
  const { context, signature } = await capturedContext(db, 'alpha', { role })
  const [row] = await queryOnce<{ n: number }>(
    database.appUrl,
    `select count(*)::int as n from (select set_config('cairn.context', $1, false), set_config('cairn.signature', $2, false)) c,
       lateral (select * from ${view} offset 0) r`,
    [context, signature],
  )
  return row?.n ?? -1
}

const rulesOf = (faults: readonly AccessFault[]): readonly AccessRule[] => faults.map(({ rule }) => rule)

test('there is nothing to say of read models as the code has them, inline ones, older ones and unfinished ones among them', async () => {
  const { declared, model } = await given()
  const inline = await given(true)
  const next = await store.create(planOf(declared.name, [model], { version: 2 }))
  const options = { whole: true }
  expect(await store.lintAccess([declared, inline.declared], options)).toEqual([])
  await store.switchTo(next)
  expect(await store.lintAccess([{ ...declared, version: 2 }, inline.declared], options)).toEqual([])
  expect(await store.lintAccess([declared, inline.declared], options)).toEqual([])
  expect(await store.fixAccess([declared, inline.declared], options)).toEqual([])
  // Several at once do not get in each other's way, and leave nothing behind.
  const several = await Promise.all(Array.from({ length: 4 }, () => store.lintAccess([declared, inline.declared], options)))
  expect(several).toEqual([[], [], [], []])
})

interface Fault {
  readonly seed: (ground: Ground) => readonly string[]
  readonly rule: AccessRule
  /** What the finding says of it. */
  readonly says: RegExp
  /** On the view and not on the table. */
  readonly onView?: true
}

const fixable: Readonly<Record<string, Fault>> = {
  'row-level security that is switched off': {
    seed: ({ name }) => [`alter table ${name} disable row level security`],
    rule: 'row-security-off',
    says: /who may read the table sees every tenant/,
  },
  'row-level security that is forced': {
    seed: ({ name }) => [`alter table ${name} force row level security`],
    rule: 'row-security-forced',
    says: /forced on its owner/,
  },
  'a policy that is gone': {
    seed: ({ name }) => [`drop policy app_reads on ${name}`],
    rule: 'missing-policy',
    says: /lacks the policy app_reads/,
  },
  'a policy that was widened': {
    seed: ({ name }) => [`alter policy app_reads on ${name} using (true)`],
    rule: 'changed-policy',
    says: /app_reads .* for select to \w+_app using true\.$/,
  },
  'a policy to another role': {
    seed: ({ name }) => [`alter policy app_reads on ${name} to ${schema}_app, ${schema}_maintenance`],
    rule: 'changed-policy',
    says: /to \w+_app, \w+_maintenance/,
  },
  'a restrictive policy in the place of ours': {
    seed: ({ name }) => [
      `drop policy worker_feeds on ${name}`,
      `create policy worker_feeds on ${name} as restrictive for all to ${schema}_worker using (true) with check (true)`,
    ],
    rule: 'changed-policy',
    says: /restrictive/,
  },
  'a policy too many': {
    seed: ({ name }) => [`create policy backdoor on ${name} for select to ${schema}_app using (true)`],
    rule: 'extra-policy',
    says: /a policy backdoor that the code does not have/,
  },
  'a privilege too many': {
    seed: ({ name }) => [`grant insert on ${name} to ${schema}_app`],
    rule: 'extra-grant',
    says: /_app: insert"/,
  },
  'a privilege on one column': {
    seed: ({ name }) => [`grant update (total) on ${name} to ${schema}_app`],
    rule: 'extra-grant',
    says: /_app: update \(total\)"/,
  },
  'a privilege for everybody': {
    seed: ({ view }) => [`grant select on ${view} to public`],
    rule: 'extra-grant',
    says: /"public: select"/,
    onView: true,
  },
  'a privilege that is gone': {
    seed: ({ view }) => [`revoke select on ${view} from ${schema}_app`],
    rule: 'missing-grant',
    says: /lacks the grant "\w+_app: select"/,
    onView: true,
  },
  'a view with its owner’s rights': {
    seed: ({ view }) => [`alter view ${view} reset (security_invoker)`],
    rule: 'view-rights',
    says: /owner's rights/,
    onView: true,
  },
}

describe('the lint of access finds, once, and mends', () => {
  test.each(Object.entries(fixable))('%s', async (_, { seed, rule, says, onView }) => {
    const ground = await given()
    const { declared, table, model, view } = ground
    for (const statement of seed(ground)) await ask(statement)
    const found = await store.lintAccess([declared])
    expect(found).toEqual([
      {
        rule,
        projection: declared.name,
        relation: onView === undefined ? table.name : model.name,
        message: expect.stringMatching(says),
        remedy: expect.stringMatching(/\.$/),
        fixable: true,
      },
    ])
    expect(await store.fixAccess([declared])).toEqual(found)
    expect(await store.lintAccess([declared])).toEqual([])
    expect(await store.drift([declared])).toEqual([])
    expect([await visible(view, 'staff'), await visible(view, 'clerk'), await visible(view, 'guest')]).toEqual([1, 1, 0])
  })

  test('several at once, each by itself', async () => {
    const ground = await given()
    for (const statement of Object.values(fixable).flatMap((fault) => (fault.rule === 'changed-policy' ? [] : fault.seed(ground)))) {
      await ask(statement)
    }
    const wanted = Object.values(fixable).filter(({ rule }) => rule !== 'changed-policy')
    expect(rulesOf(await store.lintAccess([ground.declared])).toSorted()).toEqual(wanted.map(({ rule }) => rule).toSorted())
    await store.fixAccess([ground.declared])
    expect(await store.lintAccess([ground.declared])).toEqual([])
    expect(await visible(ground.view, 'staff')).toBe(1)
  })

  test('a policy that was changed by somebody who then wrote the log, too', async () => {
    const { declared, table, name, view } = await given()
    await ask(`alter policy app_reads on ${name} using (true)`)
    // What drift compares with is made to fit: only the policies themselves still tell.
    const [{ hash } = {}] = await ask(
      `select encode(sha256(convert_to(json_build_array(c.relrowsecurity, (
         select json_agg(json_build_array(p.polname, p.polcmd, p.polpermissive, array(select r::regrole::text from unnest(p.polroles) r order by 1),
                                          pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) order by p.polname)
           from pg_policy p where p.polrelid = c.oid))::text, 'UTF8')), 'hex') as hash from pg_class c where c.oid = '${name}'::regclass`,
    )
    await ask(`update ${schema}.read_access_log set catalog_hash = $2 where table_name = $1`, [table.name, hash])
    expect(await store.drift([declared])).toEqual([])
    expect(await visible(view, 'staff')).toBe(2)
    expect(rulesOf(await store.lintAccess([declared]))).toEqual(['changed-policy'])
    await store.fixAccess([declared])
    expect(await visible(view, 'staff')).toBe(1)
  })
})

function redeclared(declared: DeclaredProjection, change: Partial<TableModel>): DeclaredProjection {
  return { ...declared, tables: declared.tables.map((model) => ({ ...model, ...change })) }
}

describe('Cairn’s own tables', () => {
  test('are all compared, each that has policies in a fresh schema', async () => {
    expect(await store.lintAccess([], { whole: true })).toEqual([])
    const tables = await ask(
      `select distinct c.relname::text as name from pg_policy p join pg_class c on c.oid = p.polrelid
        where c.relnamespace = $1::regnamespace and c.relname !~ '__v' order by 1`,
      [schema],
    )
    expect(tables.length).toBeGreaterThan(5)
    for (const { name } of tables) await ask(`create policy backdoor on ${schema}.${String(name)} for select to ${schema}_app using (true)`)
    const found = await store.lintAccess([], { whole: true })
    expect(found.map(({ rule, relation }) => [rule, relation]).toSorted()).toEqual(tables.map(({ name }) => ['extra-policy', name]))
    await store.fixAccess([], { whole: true })
    expect(await store.lintAccess([], { whole: true })).toEqual([])
  })

  test.each<readonly [string, string, AccessRule]>([
    ['events', 'disable row level security', 'row-security-off'],
    ['streams', 'force row level security', 'row-security-forced'],
  ])('%s: %s is found and mended', async (table, change, rule) => {
    await ask(`alter table ${schema}.${table} ${change}`)
    expect(await store.lintAccess([], { whole: true })).toMatchObject([{ rule, relation: table, fixable: true }])
    expect(rulesOf(await store.fixAccess([], { whole: true }))).toEqual([rule])
    expect(await store.lintAccess([], { whole: true })).toEqual([])
  })

  test('policies that are gone, changed and too many are found and mended', async () => {
    await ask(`drop policy worker_reads_all on ${schema}.snapshots`)
    await ask(`alter policy app_reads_its_tenants on ${schema}.events using (true)`)
    await ask(`create policy backdoor on ${schema}.commands for select to ${schema}_app using (true)`)
    const found = await store.lintAccess([], { whole: true })
    expect(found.map(({ rule, relation }) => [rule, relation]).toSorted()).toEqual([
      ['changed-policy', 'events'],
      ['extra-policy', 'commands'],
      ['missing-policy', 'snapshots'],
    ])
    await store.fixAccess([], { whole: true })
    expect(await store.lintAccess([], { whole: true })).toEqual([])
  })
})

describe('an owner who is no superuser', () => {
  const login = `access_owner_of_${database.name}`
  const password = 'not-a-secret'
  afterAll(async () => {
    await ask(`drop role if exists ${login}`)
  })

  test('looks and mends', async () => {
    await ask(`create role ${login} login noinherit password '${password}' in role ${schema}_owner`)
    const address = Object.assign(new URL(database.url), { username: login, password }).href
    const owner = new PgProjectionStore({ url: address, schema })
    const ground = await given()
    for (const { rule, seed } of Object.values(fixable))
      if (rule !== 'changed-policy') for (const statement of seed(ground)) await ask(statement)
    const found = await store.lintAccess([ground.declared])
    expect(await owner.fixAccess([ground.declared])).toEqual(found)
    expect(await owner.lintAccess([ground.declared])).toEqual([])
  })
})

describe('the code', () => {
  test('that was edited is compared, and mended without a rebuild', async () => {
    const { declared, view } = await given()
    const none = redeclared(declared, { readAccess: undefined })
    expect(rulesOf(await store.lintAccess([none]))).toEqual(['extra-policy'])
    await store.fixAccess([none])
    expect(await store.lintAccess([none])).toEqual([])
    expect(await visible(view, 'staff')).toBe(0)
    const wide = redeclared(declared, { readAccess: { '*': { rule: { rows: 'all' }, hidden: [] } } })
    expect(rulesOf(await store.lintAccess([wide]))).toEqual(['missing-policy'])
    await store.fixAccess([wide])
    expect(await visible(view, 'guest')).toBe(1)
    // What the code said last is stored: the generation's model is the one that drift compares with.
    expect(await store.drift([wide])).toEqual([])
  })

  test('that no longer has a projection lets nobody read it, where the list is complete', async () => {
    const gone = await given()
    const others = (await store.generations()).filter(({ projection }) => projection !== gone.declared.name)
    const rest = others.map(({ projection, version, fingerprint, tables }) => ({
      name: projection,
      version,
      fingerprint,
      tables: tables.map(({ model }) => model),
      inline: false,
    }))
    const about = (faults: readonly AccessFault[]) => faults.filter(({ projection }) => projection === gone.declared.name)
    expect(about(await store.lintAccess(rest))).toEqual([])
    expect(rulesOf(about(await store.lintAccess(rest, { complete: true })))).toEqual(['undeclared-projection'])
    expect(rulesOf(about(await store.fixAccess(rest, { complete: true })))).toEqual(['undeclared-projection'])
    expect(about(await store.lintAccess(rest, { complete: true }))).toEqual([])
    expect(await visible(gone.view, 'staff')).toBe(0)
  })
})

describe('what the lint of access finds and leaves', () => {
  test('a table, a view and what is left of a build, in the schema and of no projection', async () => {
    await ask(`create table ${schema}.stray (id int); grant select on ${schema}.stray to ${schema}_app`)
    await ask(`create view ${schema}.stray_view as select 1 as one`)
    await ask(`create table ${schema}.stray__v7_g9 (id int); alter table ${schema}.stray__v7_g9 enable row level security`)
    const found = await store.lintAccess([], { whole: true })
    expect(found).toEqual([
      {
        rule: 'unowned-table',
        projection: undefined,
        relation: 'stray',
        message: `stray is in the schema and belongs to no projection; it is open to ${schema}_app, without row-level security.`,
        remedy: expect.stringContaining('a schema of your own'),
        fixable: false,
      },
      expect.objectContaining({ relation: 'stray__v7_g9', remedy: expect.stringContaining('what is left of a build') }),
      expect.objectContaining({ relation: 'stray_view', message: expect.stringContaining('only its owner may use it') }),
    ])
    expect(await store.fixAccess([], { whole: true })).toEqual([])
    expect(await store.lintAccess([])).toEqual([])
    await ask(`drop table ${schema}.stray, ${schema}.stray__v7_g9; drop view ${schema}.stray_view`)
    expect(await store.lintAccess([], { whole: true })).toEqual([])
  })

  test('a grant to a role that is none of Cairn’s', async () => {
    const { declared, name, table } = await given()
    await ask(`grant select on ${name} to pg_monitor`)
    expect(await store.lintAccess([declared])).toMatchObject([
      { rule: 'foreign-grant', remedy: expect.stringContaining(`revoke all on ${table.name} from pg_monitor;`), fixable: false },
    ])
    expect(await store.fixAccess([declared])).toEqual([])
    await ask(`revoke all on ${name} from pg_monitor`)
    expect(await store.lintAccess([declared])).toEqual([])
  })

  test('a table that belongs to somebody else, whom policies do not bind', async () => {
    const { declared, name, table } = await given()
    await ask(`alter table ${name} owner to ${schema}_app`)
    const found = await store.lintAccess([declared])
    expect(found).toMatchObject([
      { rule: 'other-owner', remedy: expect.stringContaining(`alter table ${table.name} owner to ${schema}_owner;`), fixable: false },
    ])
    await ask(`alter table ${name} owner to ${schema}_owner`)
    await store.fixAccess([declared])
    expect(await store.lintAccess([declared])).toEqual([])
  })

  test('policies over a column that is gone: they come with a rebuild', async () => {
    const { declared, name } = await given()
    await ask(`drop policy app_reads on ${name}`)
    await ask(`alter table ${name} drop column owner cascade`)
    expect(await store.lintAccess([declared])).toMatchObject([
      { rule: 'missing-policy', remedy: `Rebuild it: rebuild-projections ${declared.name}`, fixable: false },
    ])
  })
})
