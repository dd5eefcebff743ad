import { createDatabase, providePgBouncer, providePostgres, type PgBouncerService, type PostgresService } from '@cairn/testing/services'
import { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { queryOnce } from '../../support/query-once.ts'

let server: PostgresService
let bouncer: PgBouncerService

beforeAll(async () => {
  server = await providePostgres({ kind: 'embedded', log: () => undefined })
  bouncer = await providePgBouncer(server.url, { poolSize: 4 })
})

afterAll(async () => {
  await bouncer.stop()
  await server.stop()
})

describe('PgBouncer for tests', () => {
  test('shares few server connections among many clients, prepared statements included', async () => {
    const database = await createDatabase(server.url)
    const pool = new Pool({ connectionString: bouncer.through(database.url), max: 40 })
    const rows = await Promise.all(
      Array.from({ length: 400 }, async (_, n) => {
        const statement = { name: `add_${n % 5}`, text: `select $1::int + ${n % 5} as sum, pg_backend_pid() as pid`, values: [n] }
        const result = await pool.query<{ sum: number; pid: number }>(statement)
        return result.rows[0]
      }),
    )
    await pool.end()
    expect(rows.map((row) => row?.sum)).toEqual(Array.from({ length: 400 }, (_, n) => n + (n % 5)))
    expect(new Set(rows.map((row) => row?.pid)).size).toBeLessThanOrEqual(4)
    await database.drop()
  })

  test('lets in a role that a test made, by its password alone', async () => {
    await queryOnce(server.url, `create role lily login password 'water y'`)
    const url = new URL(bouncer.url)
    url.username = 'lily'
    url.password = encodeURIComponent('water y')
    expect(await queryOnce(url.href, 'select current_user as who')).toEqual([{ who: 'lily' }])
    url.password = 'guess'
    await expect(queryOnce(url.href, 'select 1')).rejects.toThrow('SASL authentication failed')
  })
})
