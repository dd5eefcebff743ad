import { createDatabase } from '@cairn/testing/services'
import { migrate, openPg, PgEventStore, withTenant, sql } from '@cairn/infra/pg'
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { queryOnce } from '../support/query-once.ts'
const s = JSON.parse(readFileSync('/tmp/tenancy-servers.json', 'utf8'))
for (const v of ['pg15', 'pg18']) {
const d = await createDatabase(s[v])
await migrate({ url: d.url })
const db = await openPg({ url: d.url, roles: 'switch', poolSize: 1 })
const store = new PgEventStore(db)
const ev = (u: string) => ({ id: crypto.randomUUID(), type: 'x.y', payload: { }, metadata: { correlationId: 'c', causationId: 'c', schemaVersion: 1, userId: u } })
await Promise.all(Array.from({ length: 2000 }, (_, i) => store.append({ stream: { tenantId: i % 10 ? 'b' : 'a', aggregateType: 't', aggregateId: `${i}` }, expected: 0, events: [ev(i % 10 ? 'bob' : 'alice')] })))
await queryOnce(d.url, 'analyze')
for (const u of ['bob', 'nobody', 'alice'])
  console.log(v, u, (await withTenant(db, 'a', (c) => c.any(sql.type(z.any())`explain select 1 from cairn.events where user_id = ${u}`))).map((r) => r['QUERY PLAN'])[0], (await withTenant(db, 'a', (c) => c.any({ ...sql.type(z.any())`x`, sql: `explain select 1 from cairn.events where user_id = '${u}'` }))).map((r) => r['QUERY PLAN']).join(' | '))
console.log(await withTenant(db, 'a', (c) => c.any({ ...sql.type(z.any())`x`, sql: `explain select 1 from cairn.events where tenant_id = 'b'` })))
await store.drained(); await db.close(); await d.drop()
}
