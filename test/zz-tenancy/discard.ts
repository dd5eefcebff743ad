import { createDatabase } from '@cairn/testing/services'
import { migrate, openPg, PgEventStore, withTenant, sql } from '@cairn/infra/pg'
import { readFileSync } from 'node:fs'
import { z } from 'zod'
const s = JSON.parse(readFileSync('/tmp/tenancy-servers.json', 'utf8'))
for (const v of ['pg15', 'pg18']) {
  const d = await createDatabase(s[v])
  await migrate({ url: d.url })
  const db = await openPg({ url: d.url, roles: 'switch', poolSize: 1 })
  const store = new PgEventStore(db)
  for (const t of ['a', 'b']) await store.append({ stream: { tenantId: t, aggregateType: 'x', aggregateId: '1' }, expected: 0, events: [{ id: crypto.randomUUID(), type: 'x.made', payload: { t }, metadata: {correlationId:'c', causationId:'c', schemaVersion: 1} as never } as never] })
  for (let i = 0; i < 3; i++)
    console.log(v, i, await withTenant(db, 'a', (c) => c.any(sql.type(z.any())`select current_user::text as u, (select count(*) from cairn.events) as n, array(select distinct tenant_id from cairn.events) as tenants`)))
  await store.drained(); await db.close(); await d.drop()
}
