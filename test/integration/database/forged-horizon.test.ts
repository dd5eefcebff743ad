import { openPg, PgEventStore, sql, type PgDatabase } from '@cairn/infra/pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase } from '../../support/test-database.ts'
import { markedEvent } from '../tenancy/support/two-tenants.ts'

const { url, appUrl, workerUrl, schema, contextKey } = await testDatabase()
const tenantId = 'alpha'

let db: PgDatabase
let store: PgEventStore

beforeAll(async () => {
  db = await openPg({ url: appUrl, workerUrl, schema, contextKey })
  store = new PgEventStore(db)
  await append('first')
})

afterAll(async () => {
  await store.drained()
  await db.close()
})

function append(aggregateId: string) {
  return store.append({ stream: { tenantId, aggregateType: 'thing', aggregateId }, expected: 'any', events: [markedEvent('x')] })
}

/** Every distance that 32 bits can hide, and what is not a number's distance at all. */
const forgeries = [
  '0',
  '-1',
  '-1000000',
  '-1073741825',
  '-2147483647',
  '-2147483648',
  '-2147483649',
  '-3000000000',
  '-4294967295',
  '-4294967296',
  '-9223372036854775808',
  '3000000000',
  '9223372036854775807',
]

test.each(forgeries)(
  'a transaction that forges the remembered horizon as %s hides none of its events from a reader that is further',
  async (forged) => {
    const { next } = await store.readAll()
    const held = Promise.withResolvers<void>()
    const appended = Promise.withResolvers<void>()
    const transaction = store.transaction(tenantId, async (tx) => {
      const { connection } = tx
      await connection.any(sql.type(z.unknown())`select set_config('cairn.horizon', pg_current_xact_id()::text || ':' || ${forged}, true)`)
      // Its own append goes last; so the application calls the function by itself, as any SQL of its may.
      const { text, signature } = db.signer.sign([tenantId])
      await connection.any(sql.type(z.unknown())`
      select * from ${sql.identifier([schema, 'append_one'])}(${text}, ${signature}, ${tenantId}, 'thing', ${crypto.randomUUID()}, 0, 1000, '{}', '{}', '{}', '{}', '{}',
        ${`{${crypto.randomUUID()}}`}, '{held.back}', '{}', '{}', null, null, null)`)
      appended.resolve()
      await held.promise
    })
    await appended.promise
    await append('second')
    const during = await store.readAll({ after: next })
    held.resolve()
    await transaction
    const after = await store.readAll({ after: during.next })
    const types = [...during.events, ...after.events].map((event) => event.type)
    expect(types.toSorted()).toEqual(['held.back', 'x.happened'])
    const positions = await queryOnce<{ count: number }>(url, `select count(*)::int from ${schema}.events where position > $1`, [next])
    expect(positions).toEqual([{ count: 2 }])
  },
)
