import { createDatabase } from '@cairn/testing/services'
import { migrate, openPg, PgEventStore, withTenant, sql } from '@cairn/infra/pg'
import { readFileSync } from 'node:fs'
import { z } from 'zod'
const s = JSON.parse(readFileSync('/tmp/tenancy-servers.json', 'utf8'))
const d = await createDatabase(s.pg15)
await migrate({ url: d.url })
const db = await openPg({ url: d.url, roles: 'switch', poolSize: 1 })
const store = new PgEventStore(db)
const pid = () => withTenant(db, 'a', (c) => c.oneFirst(sql.type(z.any())`select pg_backend_pid()`))
console.log(await pid(), await pid())
await withTenant(db, 'a', async () => { throw new Error('x') }).catch(() => {})
console.log(await pid())
const t = performance.now(); for (let i = 0; i < 100; i++) await withTenant(db, 'a', async () => { throw new Error('x') }).catch(() => {}); console.log('throwing ms each', (performance.now() - t) / 100)
const t2 = performance.now(); for (let i = 0; i < 100; i++) await withTenant(db, 'a', async () => 1); console.log('fine ms each', (performance.now() - t2) / 100)
await store.drained(); await db.close(); await d.drop()
