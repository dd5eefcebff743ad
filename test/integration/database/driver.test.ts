import { openPg, sql, withTenant } from '@cairn/infra/pg'
import { UniqueIntegrityConstraintViolationError } from 'slonik'
import { afterAll, expect, test } from 'vitest'
import { testDatabase } from '../../support/test-database.ts'

const { appUrl, workerUrl, schema, contextKey } = await testDatabase()
const db = await openPg({ url: appUrl, workerUrl, schema, contextKey })

afterAll(() => db.close())

test('users’ SQL gets values as slonik parses them, and bigint as a number that is safe or an error', async () => {
  const row = await withTenant(db, 'alpha', (connection) =>
    connection.one(sql.unsafe`
      select 7::bigint as big, '{1,2}'::bigint[] as bigs, 1.5::numeric as exact, '{1.5,null}'::numeric[] as exacts,
             '2026-01-02 03:04:05Z'::timestamptz as instant, '2026-01-02'::date as day, '90 minutes'::interval as span, '{"a": [1]}'::jsonb as json,
             true as yes, '{a,"b c"}'::text[] as texts, null::bigint as nothing`),
  )
  expect(row).toEqual({
    big: 7,
    bigs: [1, 2],
    exact: 1.5,
    exacts: [1.5, null],
    instant: Date.UTC(2026, 0, 2, 3, 4, 5),
    day: '2026-01-02',
    span: 5_400,
    json: { a: [1] },
    yes: true,
    texts: ['a', 'b c'],
    nothing: null,
  })
  await expect(
    withTenant(db, 'alpha', (connection) => connection.one(sql.unsafe`select ${'9007199254740993'}::bigint as big`)),
  ).rejects.toThrow(/beyond the safe integers/)
})

test('errors have slonik’s classes, and a text of several statements is refused', async () => {
  const twice = (): Promise<unknown> =>
    withTenant(db, 'alpha', async (connection) => {
      await connection.query(sql.unsafe`create temporary table once (id int primary key)`)
      await connection.query(sql.unsafe`insert into once values (1), (1)`)
    })
  await expect(twice()).rejects.toBeInstanceOf(UniqueIntegrityConstraintViolationError)
  await expect(withTenant(db, 'alpha', (connection) => connection.query(sql.unsafe`select 1; select 2`))).rejects.toThrow(
    /multiple statements/,
  )
})

test('a stream delivers all rows with their fields, and a failing one its error', async () => {
  const seen: unknown[] = []
  await withTenant(db, 'alpha', (connection) =>
    connection.stream(sql.unsafe`select i::bigint as n from generate_series(1, 500) i`, (stream) => {
      stream.on('data', ({ data, fields }) => seen.push([data, fields.map(({ name }) => name)]))
    }),
  )
  expect(seen).toEqual(Array.from({ length: 500 }, (_, i) => [{ n: i + 1 }, ['n']]))
  const failing = withTenant(db, 'alpha', (connection) =>
    connection.stream(sql.unsafe`select 1 / (i - 5) as n from generate_series(1, 10) i`, (stream) => void stream.resume()),
  )
  await expect(failing).rejects.toThrow(/division by zero/)
})
