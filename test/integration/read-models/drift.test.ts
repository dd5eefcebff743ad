import type { DeclaredProjection, Drift, PhysicalTable, TableModel } from '@cairn/core'
import { PgProjectionStore, PooledRowStore } from '@cairn/infra/pg'
import { afterAll, describe, expect, test } from 'vitest'
import { queryOnce } from '../../support/query-once.ts'
import { column, planOf, tableModel } from './support/models.ts'
import { projections } from './support/projections.ts'
import { capturedContext } from './support/two-tenants.ts'

const on = await projections()
const { database, db, store, ask } = on
const { schema, url } = database
const rows = new PooledRowStore(db)

let made = 0

interface Ground {
  readonly declared: DeclaredProjection
  readonly table: PhysicalTable
  readonly model: TableModel
}

/** A live projection of one table with three rows, and its declaration. */
async function given(inline = false): Promise<Ground> {
  const projection = `drifting-${++made}`
  const model = tableModel(
    `drifting_${made}`,
    [column('id', 'text'), column('total', 'numeric', { precision: 12, scale: 2 }), column('note', 'text', { nullable: true })],
    ['id'],
    {
      indexes: [['total'], ['note', 'total']],
      readAccess: { staff: { rule: { rows: 'all' }, hidden: [] }, owner: { rule: { rows: 'own', column: 'id' }, hidden: [] } },
    },
  )
  const { tables, fingerprint } = await store.ensure(planOf(projection, [model], { inline }))
  const [table] = tables
  if (table === undefined) throw new TypeError('no table')
  const upserts = ['a', 'b', 'c'].map((id) => ({
    tenantId: 'alpha',
    key: [id],
    values: { id, total: 1, note: null },
    position: 1,
    partition: 0,
  }))
  await rows.write(table, { upserts, deletes: [] })
  return { declared: { name: projection, version: 1, fingerprint, tables: [model], inline }, table, model }
}

/** With other columns a definition has another fingerprint. */
const redeclared = (declared: DeclaredProjection, change: Partial<TableModel>): DeclaredProjection => ({
  ...declared,
  ...(change.columns === undefined ? {} : { fingerprint: 'e'.repeat(64) }),
  tables: declared.tables.map((model) => ({ ...model, ...change })),
})

async function driftOf(declared: DeclaredProjection): Promise<readonly Omit<Drift, 'projection' | 'table'>[]> {
  const found = await store.drift([declared])
  return found.map(({ projection, table, ...rest }) => {
    expect(projection).toBe(declared.name)
    expect(table).toBe(declared.tables[0]?.name)
    return rest
  })
}

async function visible(model: TableModel, role: string, userId?: string): Promise<number> {
  const { context, signature } = await capturedContext(db, 'alpha', { role, ...(userId === undefined ? {} : { userId }) })
  const [row] = await queryOnce<{ n: number }>(
    database.appUrl,
    `select count(*)::int as n from (select set_config('cairn.context', $1, false), set_config('cairn.signature', $2, false)) c,
       lateral (select * from ${schema}.${model.name} offset 0) r`,
    [context, signature],
  )
  return row?.n ?? -1
}

test('a database as the code declares it has no drift', async () => {
  const { declared } = await given()
  expect(await store.drift([declared])).toEqual([])
  expect(await store.drift([(await given(true)).declared])).toEqual([])
  expect(await store.repair([declared])).toEqual([])
})

/** A fault, seeded by hand; what must be reported; and whether a repair takes it away. */
interface Fault {
  readonly seed: (ground: Ground & { readonly name: string }) => readonly string[]
  readonly found: readonly {
    readonly kind: Drift['kind']
    readonly column?: string
    readonly expected?: string
    readonly actual?: string
  }[]
  readonly remedy: Drift['remedy']
}

const faults: Readonly<Record<string, Fault>> = {
  'a table that is gone': {
    seed: ({ name }) => [`drop table ${name} cascade`],
    found: [{ kind: 'missing-table' }],
    remedy: 'rebuild',
  },
  'a column that is gone': {
    seed: ({ name, model }) => [`drop view ${schema}.${model.name}`, `alter table ${name} drop column note`],
    found: [
      { kind: 'missing-index', expected: 'tenant_id, note, total' },
      { kind: 'missing-view' },
      { kind: 'missing-column', column: 'note', expected: 'text null' },
    ],
    // It could be added, but not what stood in it.
    remedy: 'rebuild',
  },
  'a column too many': {
    seed: ({ name }) => [`alter table ${name} add column extra integer`],
    found: [{ kind: 'extra-column', column: 'extra', actual: 'integer null' }],
    remedy: 'rebuild',
  },
  'a column of another type': {
    seed: ({ name, model }) => [`drop view ${schema}.${model.name}`, `alter table ${name} alter column total type numeric(14,2)`],
    found: [{ kind: 'column-type', column: 'total', expected: 'numeric(12,2)', actual: 'numeric(14,2)' }],
    remedy: 'rebuild',
  },
  'a column that takes null and must not': {
    seed: ({ name }) => [`alter table ${name} alter column total drop not null`],
    found: [{ kind: 'column-nullability', column: 'total', expected: 'not null', actual: 'null' }],
    remedy: 'rebuild',
  },
  'a column that takes no null and must': {
    seed: ({ name }) => [`update ${name} set note = ''`, `alter table ${name} alter column note set not null`],
    found: [{ kind: 'column-nullability', column: 'note', expected: 'null', actual: 'not null' }],
    remedy: 'rebuild',
  },
  'a column in another case': {
    seed: ({ name }) => [`alter table ${name} rename column total to "Total"`],
    found: [
      { kind: 'missing-index', expected: 'tenant_id, note, total' },
      { kind: 'missing-index', expected: 'tenant_id, total' },
      { kind: 'column-case', column: 'total', expected: 'total', actual: 'Total' },
    ],
    remedy: 'rebuild',
  },
  'another key': {
    seed: ({ name }) => [
      `alter table ${name} drop constraint ${name.split('.')[1]}_pkey`,
      `alter table ${name} add primary key (tenant_id, id, total)`,
    ],
    found: [{ kind: 'key', expected: 'tenant_id, id', actual: 'tenant_id, id, total' }],
    remedy: 'rebuild',
  },
  'no key': {
    seed: ({ name }) => [`alter table ${name} drop constraint ${name.split('.')[1]}_pkey`],
    found: [{ kind: 'key', expected: 'tenant_id, id' }],
    remedy: 'rebuild',
  },
  'an index that is gone': {
    seed: ({ table }) => [`drop index ${schema}.${table.name}_${'%'}`],
    found: [{ kind: 'missing-index', expected: 'tenant_id, total' }],
    remedy: 'repair',
  },
  'a view that is gone': {
    seed: ({ model }) => [`drop view ${schema}.${model.name}`],
    found: [{ kind: 'missing-view' }],
    remedy: 'repair',
  },
  'a view without one of the columns': {
    seed: ({ name, model }) => [
      `drop view ${schema}.${model.name}`,
      `create view ${schema}.${model.name} with (security_invoker) as select tenant_id, id from ${name}`,
      `alter view ${schema}.${model.name} owner to ${schema}_owner`,
    ],
    found: [{ kind: 'grants' }, { kind: 'missing-view' }],
    remedy: 'repair',
  },
  'a view with its owner’s rights': {
    seed: ({ model }) => [`alter view ${schema}.${model.name} reset (security_invoker)`],
    found: [{ kind: 'missing-view' }],
    remedy: 'repair',
  },
  'a policy that is gone': {
    seed: ({ name }) => [`drop policy app_reads on ${name}`],
    found: [{ kind: 'policy', actual: 'changed in the database' }],
    remedy: 'repair',
  },
  'a policy that was widened': {
    seed: ({ name }) => [`alter policy app_reads on ${name} using (true)`],
    found: [{ kind: 'policy', actual: 'changed in the database' }],
    remedy: 'repair',
  },
  'a policy too many': {
    seed: ({ name }) => [`create policy backdoor on ${name} for select to ${schema}_app using (true)`],
    found: [{ kind: 'policy', actual: 'changed in the database' }],
    remedy: 'repair',
  },
  'row-level security that was switched off': {
    seed: ({ name }) => [`alter table ${name} disable row level security`],
    found: [{ kind: 'policy', actual: 'changed in the database' }],
    remedy: 'repair',
  },
  'a privilege too many on the table': {
    seed: ({ name }) => [`grant insert on ${name} to ${schema}_app`],
    found: [{ kind: 'grants' }],
    remedy: 'repair',
  },
  'a privilege for everybody': {
    seed: ({ model }) => [`grant select on ${schema}.${model.name} to public`],
    found: [{ kind: 'grants' }],
    remedy: 'repair',
  },
  'a privilege that is gone': {
    seed: ({ name, model }) => [
      `revoke select on ${schema}.${model.name} from ${schema}_app`,
      `revoke update on ${name} from ${schema}_worker`,
    ],
    found: [{ kind: 'grants' }, { kind: 'grants' }],
    remedy: 'repair',
  },
}

describe('drift finds, and where it can repair takes away,', () => {
  test.each(Object.entries(faults))('%s', async (_, fault) => {
    const ground = await given()
    const { declared, table, model } = ground
    for (const statement of fault.seed({ ...ground, name: `${schema}.${table.name}` })) {
      if (statement.includes('%')) {
        const [index] = await ask(
          `select indexrelid::regclass::text as name from pg_index i where indrelid = '${schema}.${table.name}'::regclass and indnatts = 2 and not indisprimary`,
        )
        await ask(`drop index ${String(index?.['name'])}`)
      } else await ask(statement)
    }
    const found = await driftOf(declared)
    // A seed may take more with it (a view with its table, an index with its column): each is reported as itself.
    expect(found.map(({ kind, column: name }) => ({ kind, name }))).toEqual(
      expect.arrayContaining(fault.found.map(({ kind, column: name }) => ({ kind, name }))),
    )
    for (const { kind, ...rest } of fault.found) {
      const said = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined))
      expect(found.filter((drift) => drift.kind === kind)).toContainEqual(expect.objectContaining(said))
    }
    expect(found.filter(({ remedy }) => remedy === fault.remedy).length).toBeGreaterThanOrEqual(1)
    expect(found.filter(({ kind, remedy }) => kind === 'missing-column' && remedy === 'repair')).toEqual([])

    const repaired = await store.repair([declared])
    expect(repaired.map(({ kind }) => kind).toSorted()).toEqual(
      found
        .filter(({ remedy }) => remedy === 'repair')
        .map(({ kind }) => kind)
        .toSorted(),
    )
    const left = await driftOf(declared)
    expect(left).toEqual(found.filter(({ remedy }) => remedy !== 'repair'))
    if (fault.remedy !== 'repair') return
    expect(left).toEqual([])
    expect(await visible(model, 'staff')).toBe(3)
    expect(await visible(model, 'owner', 'b')).toBe(1)
    expect(await visible(model, 'visitor')).toBe(0)
  })
})

describe('when the code changes', () => {
  test('columns that may be empty or have a default are added in place, with what depends on the view', async () => {
    const { declared, model } = await given()
    await ask(`create view public.on_${model.name} as select id, total from ${schema}.${model.name}`)
    const more = redeclared(declared, {
      columns: [
        ...model.columns.slice(0, 1),
        column('flag', 'boolean', { default: true }),
        ...model.columns.slice(1),
        column('tags', 'json', { nullable: true }),
      ],
    })
    const found = await driftOf(more)
    expect(found.map(({ kind, column: name, remedy }) => [kind, name, remedy])).toEqual([
      ['missing-view', undefined, 'repair'],
      ['missing-column', 'flag', 'repair'],
      ['missing-column', 'tags', 'repair'],
    ])
    await store.repair([more])
    expect(await driftOf(more)).toEqual([])
    expect(await ask(`select id, flag, tags, note from ${schema}.${model.name} order by id limit 1`)).toEqual([
      { id: 'a', flag: true, tags: null, note: null },
    ])
    expect(await ask(`select count(*)::int as n from public.on_${model.name}`)).toEqual([{ n: 3 }])
    const [generation] = await store.generations(declared.name)
    expect(generation?.tables[0]?.model).toEqual(more.tables[0])
    // Rows are written with the new columns from here on.
    const table = generation?.tables[0]
    if (table === undefined) return
    const values = { id: 'z', flag: false, total: 2, note: 'n', tags: ['x'] }
    await rows.write(table, { upserts: [{ tenantId: 'alpha', key: ['z'], values, position: 9, partition: 0 }], deletes: [] })
    expect(await rows.load(table, [{ tenantId: 'alpha', key: ['z'] }])).toMatchObject([{ values }])
  })

  test('a column that must have a value is for a rebuild', async () => {
    const { declared, model } = await given()
    const more = redeclared(declared, { columns: [...model.columns, column('must', 'integer')] })
    expect(await driftOf(more)).toContainEqual({
      kind: 'missing-column',
      column: 'must',
      expected: 'integer not null',
      actual: undefined,
      remedy: 'rebuild',
    })
  })

  test('read access that was edited, reverted or removed is written into the policies', async () => {
    const { declared, model } = await given()
    const wider = redeclared(declared, { readAccess: { '*': { rule: { rows: 'all' }, hidden: [] } } })
    const none = redeclared(declared, { readAccess: undefined })
    const seen: unknown[] = []
    for (const code of [wider, declared, none, declared]) {
      expect(await driftOf(code)).toMatchObject([{ kind: 'policy', actual: 'other rules in the code', remedy: 'repair' }])
      await store.repair([code])
      expect(await driftOf(code)).toEqual([])
      seen.push([await visible(model, 'visitor'), await visible(model, 'staff')])
    }
    expect(seen).toEqual([
      [3, 3],
      [0, 3],
      [0, 0],
      [0, 3],
    ])
    const log = await ask(`select code_hash, catalog_hash from ${schema}.read_access_log where projection = $1 order by id`, [
      declared.name,
    ])
    expect(log).toHaveLength(5)
    expect(new Set(log.map((entry) => entry['code_hash'])).size).toBe(3)
    expect(log[2]).toEqual(log[0])
  })

  test('policies are written anew by force, whatever the hashes say', async () => {
    const { declared, table, model } = await given()
    await ask(`drop policy app_reads on ${schema}.${table.name}`)
    // Somebody who may write the log hides the change from it.
    const hidden = await ask(`select catalog_hash from ${schema}.read_access_log where table_name = $1 order by id desc limit 1`, [
      table.name,
    ])
    expect(hidden).toHaveLength(1)
    expect(await visible(model, 'staff')).toBe(0)
    expect(await store.forceReadAccess([declared])).toEqual([table.name])
    expect(await visible(model, 'staff')).toBe(3)
    expect(await store.drift([declared])).toEqual([])
  })

  test('another version is not there until it is built', async () => {
    const { declared, model } = await given()
    const next = { ...declared, version: 2 }
    expect(await driftOf(next)).toEqual([{ kind: 'missing-table', expected: 'version 2', actual: 'version 1', remedy: 'rebuild' }])
    const unheard: DeclaredProjection = { ...declared, name: 'unheard-of', tables: [{ ...model, name: 'unheard_of' }] }
    expect(await driftOf(unheard)).toEqual([{ kind: 'missing-table', expected: 'version 1', actual: undefined, remedy: 'rebuild' }])
    expect(await store.repair([next, unheard])).toEqual([])
  })

  test('a generation that is being built is compared too', async () => {
    const { declared, model } = await given()
    const { tables } = await store.create(planOf(declared.name, [model], { version: 2 }))
    const next = { ...declared, version: 2 }
    expect(await driftOf(next)).toEqual([])
    await ask(`alter table ${schema}.${tables[0]?.name} add column extra integer`)
    expect(await driftOf(next)).toMatchObject([{ kind: 'extra-column', column: 'extra' }])
  })

  test('tables that no generation knows are extra', async () => {
    const { declared, model } = await given()
    await ask(`create table ${schema}.${model.name}__v7_g9 (id int); alter table ${schema}.${model.name}__v7_g9 owner to ${schema}_owner`)
    expect(await driftOf(declared)).toEqual([{ kind: 'extra-table', expected: undefined, actual: `${model.name}__v7_g9`, remedy: 'drop' }])
  })

  test('a projection that the code no longer has is extra, and nobody reads it any more', async () => {
    const kept = await given()
    const gone = await given()
    const all = (await store.generations()).filter(({ projection, state }) => state === 'live' && projection !== gone.declared.name)
    const rest = all.map(({ projection, version, fingerprint, tables, ...generation }) => ({
      name: projection,
      version,
      fingerprint,
      tables: tables.map(({ model }) => model),
      inline: generation.inline,
    }))
    const about = (drift: readonly Drift[]): readonly unknown[] =>
      drift.filter(({ projection }) => projection === gone.declared.name).map(({ kind, remedy }) => [kind, remedy])
    expect(about(await store.drift(rest))).toEqual([])
    expect(about(await store.drift(rest, { complete: true }))).toEqual([
      ['extra-table', 'drop'],
      ['policy', 'repair'],
    ])
    expect(await visible(gone.model, 'staff')).toBe(3)
    await store.repair([kept.declared, ...rest.filter(({ name }) => name !== kept.declared.name)], { complete: true })
    expect(await visible(gone.model, 'staff')).toBe(0)
    expect(await visible(kept.model, 'staff')).toBe(3)
    expect(about(await store.drift(rest, { complete: true }))).toEqual([['extra-table', 'drop']])
    // And it reads again when the code has it again.
    await store.repair([gone.declared])
    expect(await visible(gone.model, 'staff')).toBe(3)
  })
})

describe('an owner who is no superuser', () => {
  const login = `owner_of_${database.name}`
  const password = 'not-a-secret'
  afterAll(async () => {
    await ask(`drop role if exists ${login}`)
  })

  test('makes, switches, repairs and drops', async () => {
    await ask(`create role ${login} login noinherit password '${password}' in role ${schema}_owner`)
    const address = Object.assign(new URL(url), { username: login, password }).href
    const owner = new PgProjectionStore({ url: address, schema })
    const model = tableModel('owned', [column('id', 'text')], ['id'], { indexes: [['id']] })
    const first = await owner.ensure(planOf('owned', [model]))
    const second = await owner.create(planOf('owned', [model], { version: 2 }))
    await owner.switchTo(second)
    await ask(`drop view ${schema}.owned`)
    const declared = { name: 'owned', version: 2, fingerprint: second.fingerprint, tables: [model], inline: false }
    expect(await owner.repair([declared])).toMatchObject([{ kind: 'missing-view' }])
    expect(await owner.drift([declared])).toEqual([])
    await owner.drop(first)
    expect(await owner.generations('owned')).toMatchObject([{ generation: 2, state: 'live' }])
  })

  test('is needed: the application’s login is told so', async () => {
    const app = new PgProjectionStore({ url: database.appUrl, schema })
    await expect(app.create(planOf('nobodys', [tableModel('nobodys', [column('id', 'text')])]))).rejects.toMatchObject({
      code: 'CAIRN_UNSAFE_DATABASE',
    })
  })
})
