import { hintChannel, migrate, openPg, PgCommandStore, PgEventStore, sql, withTenant } from '@cairn/infra/pg'
import { createDatabase, providePostgres } from '@cairn/testing/services'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { queryOnce } from '../../support/query-once.ts'
import { createLogins } from '../../support/test-logins.ts'
import { AppSession } from './support/app-session.ts'
import { bravo, hiddenMark, markedEvent } from './support/two-tenants.ts'

const Any = z.unknown()

/** A server of this file's own: pg_stat_statements must be there from its start. */
const server = await providePostgres({
  kind: 'embedded',
  log: () => undefined,
  settings: { shared_preload_libraries: 'pg_stat_statements', 'pg_stat_statements.track': 'all' },
})
const database = await createDatabase(server.url)
const { schema, contextKey } = await migrate({ url: database.url })
await queryOnce(database.url, 'create extension pg_stat_statements')
const { logins } = await createLogins(server.url, schema)
const urlOf = (login: keyof typeof logins): string =>
  Object.assign(new URL(database.url), { username: logins[login].user, password: logins[login].password }).href

let listener: AppSession

beforeAll(async () => {
  listener = await AppSession.open(urlOf('app'))
  await listener.rows(`listen ${hintChannel(schema)}`)
})

afterAll(async () => {
  await listener.close()
  await server.stop()
})

const views = [
  'pg_stat_activity',
  'pg_stat_statements',
  'pg_prepared_statements',
  'pg_cursors',
  'pg_locks',
  'pg_stat_all_tables',
  'pg_stats',
]

async function look(): Promise<void> {
  for (const view of views) await listener.rows(`select to_jsonb(v) from ${view} v`)
}

describe('a session of the same login that watches the server while another tenant works', () => {
  test('never sees that tenant’s values or its signed context', async () => {
    const db = await openPg({ url: urlOf('app'), workerUrl: urlOf('worker'), contextKey })
    const store = new PgEventStore(db)
    const commands = new PgCommandStore(db)
    const stream = { tenantId: bravo, aggregateType: hiddenMark, aggregateId: hiddenMark }
    const work = async (): Promise<void> => {
      for (let i = 0; i < 20; i++) {
        await store.append({ stream, expected: 'any', events: [markedEvent(hiddenMark)] })
        await Promise.all(
          [1, 2, 3].map((n) =>
            store.append({ stream: { ...stream, aggregateId: `${hiddenMark}${i}-${n}` }, expected: 0, events: [markedEvent(hiddenMark)] }),
          ),
        )
        await store.load(stream)
        await store.query({ tenantId: bravo, userId: hiddenMark })
        await store.transaction(bravo, (tx) => tx.reserve(hiddenMark, `${hiddenMark}${i}`))
        const metadata = { correlationId: hiddenMark, causationId: hiddenMark, schemaVersion: 1 }
        await commands.upsert({ ...stream, id: crypto.randomUUID(), type: hiddenMark, payload: { hiddenMark }, metadata })
        await withTenant(db, bravo, async (connection) => {
          await connection.any(sql.type(Any)`select payload from ${sql.identifier([schema, 'events'])} where user_id = ${hiddenMark}`)
          await look()
        })
      }
    }
    const watching = { on: true }
    const watch = async (): Promise<void> => {
      while (watching.on) await look()
    }
    const watched = watch()
    await work()
    watching.on = false
    await watched
    await store.drained()
    await look()
    const { signature } = db.signer.sign([bravo])
    await db.close()
    // What it does see: the statements themselves, with places for the values, and that somebody works.
    expect(listener.seen).toContain('append_one')
    expect(listener.seen).toContain(`"channel":"${hintChannel(schema)}","payload":""`)
    expect(listener.seen).not.toContain(hiddenMark)
    expect(listener.seen).not.toContain(signature)
  })

  test('does see a value that was written into a statement’s text (the control): SQL of tenants must use parameters', async () => {
    const careless = await AppSession.open(urlOf('app'))
    await careless.rows(`select 'a-literal-of-another-tenant'`)
    listener.forget()
    await look()
    await careless.close()
    expect(listener.seen).toContain('a-literal-of-another-tenant')
  })
})
