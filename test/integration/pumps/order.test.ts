import { setTimeout as sleep } from 'node:timers/promises'
import type { PumpChange } from '@cairn/core'
import { changeOfEvent } from '@cairn/core'
import { Client } from 'pg'
import { expect, test } from 'vitest'
import { queryOnce } from '../../support/query-once.ts'
import { pumpDatabase } from './support.ts'

const { database, rig } = await pumpDatabase()
const { url, schema } = database
const writers = 8
const rounds = 40

/** Transactions that overlap: of several statements, with pauses, savepoints and rollbacks, some of them stricter than READ COMMITTED. */
async function write(writer: number): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    for (let round = 0; round < rounds; round++) {
      await client.query(round % 10 === 3 ? 'begin isolation level repeatable read' : 'begin')
      for (let i = 0; i < 1 + (round % 3); i++) {
        await client.query(`insert into public.parcels values ($1, 'alpha', 'pending', $2)`, [`${writer}-${round}-${i}`, round])
        if ((round + writer) % 2 === 0) await sleep((writer * 7 + round * 3) % 9)
      }
      if (round % 5 === 1) {
        await client.query('savepoint here')
        await client.query(`insert into public.parcels values ($1, 'alpha', 'pending', 0)`, [`${writer}-${round}-undone`])
        await client.query('rollback to savepoint here')
      }
      await client.query(`update public.parcels set status = 'sent', weight = weight + 1 where id = $1`, [`${writer}-${round}-0`])
      await client.query(round % 7 === 5 ? 'rollback' : 'commit')
    }
  } finally {
    await client.end()
  }
}

/** Follows until it is told that nothing more comes, and reads to the end then. */
async function follow(read: (after: number) => Promise<{ readonly seen: readonly number[]; readonly next: number }>, ended: () => boolean) {
  const seen: number[] = []
  let after = 0
  for (;;) {
    const last = ended()
    const page = await read(after)
    seen.push(...page.seen)
    if (page.next === after && last) return seen
    if (page.next === after) await sleep(2)
    after = page.next
  }
}

test('no change is lost, doubled or reordered while writers come and go; a reader without a horizon loses some', async () => {
  const { changes } = await rig()
  const operations = ['INSERT', 'UPDATE', 'DELETE'] as const
  const reader = changes.reader({ schema: 'public', table: 'parcels', operations, filter: undefined })
  const found: PumpChange[] = []
  const naive = new Client({ connectionString: url })
  const idle = new Client({ connectionString: url })
  await Promise.all([naive.connect(), idle.connect()])
  // A transaction that stays open and has to do with none of this.
  await idle.query('begin; select txid_current()')
  let over = false
  const following = follow(
    async (after) => {
      const { events, next } = await reader.read({ after, limit: 20 })
      found.push(...events.map(changeOfEvent))
      return { seen: events.map(({ position }) => position), next }
    },
    () => over,
  )
  const followingNaively = follow(
    async (after) => {
      const { rows } = await naive.query<{ id: string }>(
        `select change_id as id from ${schema}.changes where change_id > $1 order by change_id limit 20`,
        [after],
      )
      const seen = rows.map(({ id }) => Number(id))
      return { seen, next: seen.at(-1) ?? after }
    },
    () => over,
  )
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)))
  over = true
  const [seen, seenNaively] = await Promise.all([following, followingNaively])
  await idle.query('rollback')
  await Promise.all([naive.end(), idle.end()])

  const truth = (await queryOnce<{ id: string }>(url, `select change_id as id from ${schema}.changes order by change_id`)).map(({ id }) =>
    Number(id),
  )
  expect(truth.length).toBeGreaterThan(writers * rounds * 2)
  expect(seen).toEqual(truth)
  expect(seenNaively.length).toBeLessThan(truth.length)
  expect(new Set(found.map(({ id }) => id)).size).toBe(truth.length)
  // What the table holds is what its changes say.
  const folded = new Map<string, unknown>()
  for (const { row } of found) folded.set(String(Reflect.get(Object(row), 'id')), row)
  const rows = await queryOnce<{ id: string; row: unknown }>(url, 'select id, to_jsonb(p) as row from public.parcels p')
  expect(rows.length).toBe(folded.size)
  for (const { id, row } of rows) expect(folded.get(id)).toEqual(row)
})

test('a writer that is at work holds readers before its change, and those of other tables and the log not', async () => {
  const { changes } = await rig()
  const reader = changes.reader({ schema: 'public', table: 'parcels', operations: ['INSERT'], filter: undefined })
  const before = await reader.head()
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query('begin')
  await client.query(`insert into public.parcels values ('held', 'alpha', 'pending', 1)`)
  await queryOnce(url, `insert into public.parcels values ('behind', 'alpha', 'pending', 1)`)
  expect(await reader.read({ after: before.horizon, limit: 10 })).toMatchObject({ events: [], next: before.horizon })
  expect((await reader.head()).newest).toBeGreaterThan(before.horizon)
  await client.query('commit')
  await client.end()
  const { events } = await reader.read({ after: before.horizon, limit: 10 })
  expect(events.map(({ payload }) => Reflect.get(Object(Reflect.get(Object(payload), 'row')), 'id'))).toEqual(['held', 'behind'])
})

test('twenty thousand changes in one transaction take one lock', async () => {
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query('begin')
  await client.query(`insert into public.parcels select 'bulk-' || i, 'alpha', 'pending', 1 from generate_series(1, 20000) i`)
  const { rows } = await client.query<{ locks: number }>(
    `select count(*)::int as locks from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()`,
  )
  await client.query('rollback')
  await client.end()
  expect(rows).toEqual([{ locks: 1 }])
})
