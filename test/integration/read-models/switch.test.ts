import type { FaultPoint, Generation, RowWrites } from '@cairn/core'
import { PgProjectionStore, PooledRowStore } from '@cairn/infra/pg'
import { Client } from 'pg'
import { describe, expect, test } from 'vitest'
import { eventually } from '../../support/processes.ts'
import { queryOnce } from '../../support/query-once.ts'
import { column, planOf, tableModel } from './support/models.ts'
import { projections } from './support/projections.ts'
import { capturedContext } from './support/two-tenants.ts'

const on = await projections()
const { database, db, store, moveTo, ask } = on
const { schema, url } = database
const rows = new PooledRowStore(db)
const tenantId = 'alpha'
const everybody = { '*': { rule: { rows: 'all' }, hidden: [] } } as const

let made = 0

/** A projection of one table with two versions that differ in one column added, one removed and one retyped. */
function twoShapes() {
  const name = `shapes_${++made}`
  const old = tableModel(
    name,
    [column('id', 'text'), column('version', 'integer'), column('total', 'integer'), column('legacy', 'text')],
    ['id'],
    {
      readAccess: everybody,
    },
  )
  const next = tableModel(
    name,
    [column('id', 'text'), column('note', 'text', { nullable: true }), column('version', 'integer'), column('total', 'text')],
    ['id'],
    {
      readAccess: everybody,
    },
  )
  return { name, projection: `shapes-${made}`, old, next }
}

async function fill(generation: Generation, count: number, values: (id: string) => Readonly<Record<string, unknown>>): Promise<void> {
  const [table] = generation.tables
  if (table === undefined) throw new TypeError('no table')
  const upserts: RowWrites['upserts'] = Array.from({ length: count }, (_, i) => {
    const id = `row-${i}`
    return { tenantId, key: [id], values: { id, ...values(id) }, position: 10, partition: 0 }
  })
  await rows.write(table, { upserts, deletes: [] })
  await moveTo(generation, 10)
}

/** Both versions built, the old one live. */
async function bothBuilt(counts: readonly [old: number, next: number] = [300, 400]) {
  const shapes = twoShapes()
  const { projection } = shapes
  const old = await store.create(planOf(projection, [shapes.old]))
  await fill(old, counts[0], () => ({ version: 1, total: 1, legacy: 'x' }))
  await store.switchTo(old)
  const next = await store.create(planOf(projection, [shapes.next], { version: 2 }))
  await fill(next, counts[1], () => ({ version: 2, total: 'two', note: null }))
  return { ...shapes, oldGeneration: old, nextGeneration: next }
}

async function liveVersion(name: string): Promise<unknown> {
  const [row] = await ask(`select min(version) as low, max(version) as high from ${schema}.${name}`)
  expect(row?.['low']).toBe(row?.['high'])
  return row?.['low']
}

/** A connection of the application, in alpha's context for as long as it lives. */
async function appClient(): Promise<Client> {
  const { context, signature } = await capturedContext(db, tenantId)
  const client = new Client({ connectionString: database.appUrl })
  client.on('error', () => undefined)
  await client.connect()
  await client.query(`select set_config('cairn.context', $1, false), set_config('cairn.signature', $2, false)`, [context, signature])
  return client
}

describe('readers during switches', () => {
  test('that name columns which both have never fail, and see one complete model or the other', async () => {
    const { name, projection, nextGeneration } = await bothBuilt()
    const reading = { on: true }
    const seen = new Map<string, number>()
    const failures: string[] = []
    const read = async (): Promise<void> => {
      const client = await appClient()
      while (reading.on) {
        try {
          const { rows: found } = await client.query<{ version: number }>({
            name: 'complete',
            text: `select id, version from ${schema}.${name}`,
          })
          const versions = new Set(found.map(({ version }) => version))
          const what = `${[...versions].join()}: ${found.length}`
          seen.set(what, (seen.get(what) ?? 0) + 1)
        } catch (error) {
          failures.push(String(error))
        }
      }
      await client.end()
    }
    const readers = [read(), read(), read(), read()]
    await store.switchTo(nextGeneration)
    for (let i = 0; i < 19; i++) await store.rollback(projection)
    reading.on = false
    await Promise.all(readers)
    expect(failures).toEqual([])
    expect([...seen.keys()].toSorted()).toEqual(['1: 300', '2: 400'])
    expect(Math.min(...seen.values())).toBeGreaterThan(5)
  })

  test('that ask for a retyped column fail once in a prepared statement, and never otherwise', async () => {
    const { name, nextGeneration } = await bothBuilt()
    const client = await appClient()
    const retyped = { name: 'retyped', text: `select total from ${schema}.${name} limit 1` }
    const all = { name: 'all', text: `select * from ${schema}.${name} limit 1` }
    const removed = { name: 'removed', text: `select legacy from ${schema}.${name} limit 1` }
    for (const query of [retyped, all, removed]) expect((await client.query(query)).rows).toHaveLength(1)
    await store.switchTo(nextGeneration)
    // What the guide says of it: PostgreSQL refuses to change the answer's type under a prepared name.
    await expect(client.query(retyped)).rejects.toMatchObject({ code: '0A000' })
    await expect(client.query(all)).rejects.toMatchObject({ code: '0A000' })
    await expect(client.query(removed)).rejects.toMatchObject({ code: '42703' })
    expect((await client.query({ ...retyped, name: 'anew' })).rows).toEqual([{ total: 'two' }])
    expect((await client.query(retyped.text)).rows).toEqual([{ total: 'two' }])
    await client.end()
  })

  test('that read for longer than a switch waits are named, and nothing is switched', async () => {
    const { name, nextGeneration } = await bothBuilt()
    const client = await appClient()
    await client.query('begin')
    await client.query(`select 1 from ${schema}.${name} limit 1`)
    const { rows: own } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
    const blocked = store.switchTo(nextGeneration, { lockTimeoutMs: 50, attempts: 3 })
    await expect(blocked).rejects.toMatchObject({ code: 'CAIRN_SWITCH_BLOCKED', retryable: true, details: { attempts: 3 } })
    await expect(blocked).rejects.toThrow(`pid ${own[0]?.pid}`)
    expect(await liveVersion(name)).toBe(1)
    // Others read on meanwhile, and the switch goes through when the long one ends.
    const switched = store.switchTo(nextGeneration)
    for (let i = 0; i < 5; i++) expect(await liveVersion(name)).toBe(1)
    await client.query('commit')
    await switched
    expect(await liveVersion(name)).toBe(2)
    await client.end()
  })
})

/** Ends the store's own connection. */
async function cut(): Promise<void> {
  await queryOnce(
    url,
    `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'cairn projections' and datname = $1`,
    [database.name],
  )
}

describe('a switch that is killed', () => {
  const away = { code: 'CAIRN_DATABASE_UNAVAILABLE', retryable: true }
  const points: readonly (readonly [FaultPoint, number, object])[] = [
    ['switch-locked', 1, away],
    ['switch-written', 1, away],
    ['switched', 2, { message: 'the process dies here' }],
  ]

  test.each(points)('at %s leaves version %i, whole, and can be done again', async (point, version, expected) => {
    const { name, projection, nextGeneration } = await bothBuilt()
    let hits = 0
    const faulty = on.storeWith(async (at) => {
      if (at !== point) return
      hits++
      if (point === 'switched') throw new Error('the process dies here')
      await cut()
    })
    const failure = await faulty.switchTo(nextGeneration).catch((error: unknown) => error)
    expect(hits).toBe(1)
    expect(failure).toMatchObject(expected)
    expect(await liveVersion(name)).toBe(version)
    const states = (await store.generations(projection)).map(({ state }) => state)
    expect(states).toEqual(version === 1 ? ['live', 'building'] : ['previous', 'live'])
    await store.switchTo(nextGeneration)
    expect(await liveVersion(name)).toBe(2)
    const drift = await store.drift([
      {
        name: projection,
        version: 2,
        fingerprint: nextGeneration.fingerprint,
        tables: nextGeneration.tables.map(({ model }) => model),
        inline: false,
      },
    ])
    expect(drift).toEqual([])
  })

  test('while it makes tables leaves nothing behind', async () => {
    const { projection, old, name } = twoShapes()
    const failing = store.create(planOf(projection, [old, { ...old, name: `${name}_two`, key: ['nothing'] }]))
    await expect(failing).rejects.toThrow('nothing')
    expect(await store.generations(projection)).toEqual([])
    expect(await ask(`select 1 from pg_class where relname like '${name}%'`)).toEqual([])
    expect(await ask(`select 1 from ${schema}.subscriptions where name = $1`, [projection])).toEqual([])
  })
})

/** True while the store's connection waits for a lock. */
async function waits(): Promise<boolean> {
  const [row] = await ask(
    `select count(*)::int as n from pg_stat_activity where application_name = 'cairn projections' and datname = $1 and wait_event_type = 'Lock'`,
    [database.name],
  )
  return row?.['n'] === 1
}

describe('a switch while the live generation is fed', () => {
  test('loses none of what was committed: the new one has it, or nothing is switched', async () => {
    const { projection, oldGeneration, nextGeneration } = await bothBuilt()
    const feeding = { on: true, at: 10 }
    const feed = async (): Promise<void> => {
      while (feeding.on) {
        feeding.at++
        await moveTo(oldGeneration, feeding.at)
        await moveTo(nextGeneration, feeding.at)
      }
    }
    const fed = feed()
    await store.switchTo(nextGeneration)
    feeding.on = false
    await fed
    expect((await store.generations(projection)).map(({ state }) => state)).toEqual(['previous', 'live'])
  })

  test('waits for the commit that its feeder has under way', async () => {
    const { name, oldGeneration, nextGeneration } = await bothBuilt()
    const feeder = new Client({ connectionString: url })
    await feeder.connect()
    await feeder.query('begin')
    await feeder.query(`update ${schema}.subscription_partitions set checkpoint = 11 where name = $1 and generation = $2`, [
      oldGeneration.projection,
      oldGeneration.generation,
    ])
    const switched = store.switchTo(nextGeneration)
    const outcome = switched.then(
      () => 'switched',
      () => 'refused',
    )
    expect(await Promise.race([outcome, eventually(waits)])).toBe(true)
    // It has read 11 once the feeder commits, and the new one is at 10.
    await feeder.query('commit')
    await feeder.end()
    await expect(switched).rejects.toMatchObject({ code: 'CAIRN_NOT_CAUGHT_UP', details: { behind: 1 } })
    expect(await liveVersion(name)).toBe(1)
  })

  test('needs every partition of the new one, and looks at the furthest of the old one', async () => {
    const { name, projection, next } = twoShapes()
    const old = await store.ensure(planOf(projection, [next], { partitions: 2 }))
    const wider = await store.create(planOf(projection, [{ ...next }], { version: 2, partitions: 3 }))
    const set = (generation: Generation, partition: number, at: number): Promise<unknown> =>
      ask(`update ${schema}.subscription_partitions set checkpoint = $4 where name = $1 and generation = $2 and partition = $3`, [
        projection,
        generation.generation,
        partition,
        at,
      ])
    await set(old, 0, 5)
    await set(old, 1, 9)
    for (const [partition, at] of [9, 9, 8].entries()) await set(wider, partition, at)
    await expect(store.switchTo(wider)).rejects.toMatchObject({ details: { behind: 1 } })
    await set(wider, 2, 9)
    await store.switchTo(wider)
    expect(await ask(`select count(*)::int as n from ${schema}.${name}`)).toEqual([{ n: 0 }])
  })
})

describe('what others have on the views', () => {
  test('grants stay; those on columns that are gone go', async () => {
    const { name, nextGeneration } = await bothBuilt()
    const role = `reader_${database.name}`
    await ask(`create role ${role}`)
    try {
      await ask(`grant select on ${schema}.${name} to ${role} with grant option`)
      await ask(`grant select (version, legacy) on ${schema}.${name} to public`)
      await store.switchTo(nextGeneration)
      const [grants] = await ask(
        `select c.relacl::text as relation, (select array_agg(a.attname::text order by 1) from pg_attribute a where a.attrelid = c.oid and a.attacl is not null) as columns
           from pg_class c where c.oid = '${schema}.${name}'::regclass`,
      )
      expect(grants?.['relation']).toContain(`${role}=r*/`)
      expect(grants?.['columns']).toEqual(['version'])
    } finally {
      await ask(`drop owned by ${role}`)
      await ask(`drop role ${role}`)
    }
  })

  test('views refuse the switch, by name, unless they may be made again', async () => {
    const { name, projection, nextGeneration } = await bothBuilt()
    await ask(
      `create view public.${name}_report with (security_barrier = true) as select version, count(*) as n from ${schema}.${name} group by version`,
    )
    await ask(`create view ${schema}.${name}_second as select n from public.${name}_report`)
    await ask(`create materialized view public.${name}_kept as select id, version from ${schema}.${name}`)
    await ask(`create unique index on public.${name}_kept (id)`)
    await ask(`comment on view public.${name}_report is 'for the board'`)
    await ask(`comment on column public.${name}_report.n is 'how many'`)
    await ask(`grant select on public.${name}_report to ${schema}_worker`)
    const names = [`public.${name}_kept`, `public.${name}_report`, `${schema}.${name}_second`]
    expect((await store.dependents(projection)).toSorted()).toEqual(names.toSorted())
    const refused = store.switchTo(nextGeneration)
    await expect(refused).rejects.toMatchObject({ code: 'CAIRN_DEPENDENT_VIEWS', retryable: false })
    for (const dependent of names) await expect(refused).rejects.toThrow(dependent)
    expect(await liveVersion(name)).toBe(1)

    await store.switchTo(nextGeneration, { recreateDependents: true })
    expect(await ask(`select * from public.${name}_report`)).toEqual([{ version: 2, n: '400' }])
    expect(await ask(`select * from ${schema}.${name}_second`)).toEqual([{ n: '400' }])
    expect(await ask(`select count(*)::int as n, min(version) as version from public.${name}_kept`)).toEqual([{ n: 400, version: 2 }])
    const [kept] = await ask(
      `select obj_description('public.${name}_report'::regclass, 'pg_class') as comment, col_description('public.${name}_report'::regclass, 2) as of_n,
              (select reloptions::text from pg_class where oid = 'public.${name}_report'::regclass) as options,
              (select pg_get_userbyid(relowner) from pg_class where oid = 'public.${name}_report'::regclass) as owner,
              has_table_privilege('${schema}_worker', 'public.${name}_report', 'select') as granted,
              (select count(*)::int from pg_index where indrelid = 'public.${name}_kept'::regclass and indisunique) as indexes`,
    )
    expect(kept).toEqual({
      comment: 'for the board',
      of_n: 'how many',
      options: '{security_barrier=true}',
      owner: new URL(url).username,
      granted: true,
      indexes: 1,
    })
    expect((await store.dependents(projection)).toSorted()).toEqual(names.toSorted())
  })

  test('a view of a removed column, made again, stops the switch, and everything is as before', async () => {
    const { name, nextGeneration } = await bothBuilt()
    await ask(`create view public.${name}_old as select legacy from ${schema}.${name}`)
    const refused = store.switchTo(nextGeneration, { recreateDependents: true })
    await expect(refused).rejects.toMatchObject({ code: 'CAIRN_DEPENDENT_VIEWS' })
    await expect(refused).rejects.toThrow(/_old could not be made again.*legacy/)
    expect(await liveVersion(name)).toBe(1)
    expect(await ask(`select count(*)::int as n from public.${name}_old`)).toEqual([{ n: 300 }])
  })

  test('what nobody can make again refuses the switch in any case', async () => {
    const { name, nextGeneration } = await bothBuilt()
    await ask(`create function public.${name}_count() returns bigint begin atomic select count(*) from ${schema}.${name}; end`)
    const refused = store.switchTo(nextGeneration, { recreateDependents: true })
    await expect(refused).rejects.toMatchObject({ code: 'CAIRN_DEPENDENT_VIEWS' })
    await expect(refused).rejects.toThrow(`${name}_count`)
    expect(await liveVersion(name)).toBe(1)
  })
})

describe('names', () => {
  test('of Cairn’s own tables, of users’ tables and of other projections’ are refused', async () => {
    const model = tableModel('taken', [column('id', 'text')], ['id'])
    await ask(`create table ${schema}.somebodys (id int)`)
    await store.ensure(planOf('first', [{ ...model, name: 'first_come' }]))
    for (const name of ['events', 'streams', 'domain_events', 'somebodys', 'first_come']) {
      await expect(store.create(planOf('second', [{ ...model, name }]))).rejects.toMatchObject({
        code: 'CAIRN_INVALID_INPUT',
        details: { table: name },
      })
    }
    await expect(store.create(planOf('second', [{ ...model, name: 'first_come' }]))).rejects.toThrow('projection first')
    await expect(store.create(planOf('second', [{ ...model, name: 'x'.repeat(60) }]))).rejects.toMatchObject({
      code: 'CAIRN_INVALID_INPUT',
    })
    expect(await store.generations('second')).toEqual([])
  })

  test('that somebody takes between build and switch stop the switch', async () => {
    const model = tableModel('late_comer', [column('id', 'text')], ['id'])
    const generation = await store.create(planOf('late', [model]))
    await ask(`create table ${schema}.late_comer (id int)`)
    await expect(store.switchTo(generation)).rejects.toMatchObject({ code: 'CAIRN_INVALID_INPUT', details: { table: 'late_comer' } })
    await ask(`drop table ${schema}.late_comer`)
    await store.switchTo(generation)
  })
})

describe('ensure', () => {
  test('makes the first generation visible, and finds it from then on', async () => {
    const { projection, old, name } = twoShapes()
    const first = await store.ensure(planOf(projection, [old]))
    expect(first).toMatchObject({ generation: 1, state: 'live' })
    expect(await store.ensure(planOf(projection, [old]))).toEqual(first)
    expect(await ask(`select * from ${schema}.${name}`)).toEqual([])
  })

  test('of many processes that start at once gives all the same one', async () => {
    const { projection, old } = twoShapes()
    const found = await Promise.all(
      Array.from({ length: 6 }, () => new PgProjectionStore({ url, schema }).ensure(planOf(projection, [old]))),
    )
    expect(new Set(found.map(({ generation, state }) => `${generation} ${state}`))).toEqual(new Set(['1 live']))
    expect(await store.generations(projection)).toHaveLength(1)
  })

  test('builds another version beside the live one', async () => {
    const { projection, old, next, name } = twoShapes()
    await store.ensure(planOf(projection, [old]))
    expect(await store.ensure(planOf(projection, [next], { version: 2 }))).toMatchObject({ generation: 2, state: 'building' })
    expect(await ask(`select * from ${schema}.${name}`)).toEqual([])
  })

  test('puts the policies of an edited readAccess in force', async () => {
    const { projection, old, name } = twoShapes()
    const generation = await store.ensure(planOf(projection, [old]))
    await fill(generation, 3, () => ({ version: 1, total: 1, legacy: 'x' }))
    const client = await appClient()
    const count = async (): Promise<unknown> =>
      (await client.query<{ n: number }>(`select count(*)::int as n from ${schema}.${name}`)).rows[0]?.n
    expect(await count()).toBe(3)
    const closed = await store.ensure(planOf(projection, [{ ...old, readAccess: undefined }]))
    expect(closed.generation).toBe(1)
    expect(await count()).toBe(0)
    await store.ensure(planOf(projection, [old]))
    expect(await count()).toBe(3)
    await client.end()
  })
})
