import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openPg, PgCommandStore, PgEventStore, sql, withTenant } from '@cairn/infra/pg'
import { afterAll, expect, test } from 'vitest'
import { testDatabase } from '../../support/test-database.ts'
import { markedEvent } from '../tenancy/support/two-tenants.ts'

const { appUrl, workerUrl, schema, contextKey } = await testDatabase()
const folder = await mkdtemp(join(tmpdir(), 'cairn-pipe-'))
const open = new Set<Socket>()
const { hostname, port } = new URL(appUrl)

/** The server behind a socket of the file system, where a write fails with EPIPE as soon as the other end is closed. */
const door = createServer((client) => {
  const upstream = connect(Number(port), hostname)
  open.add(client)
  client.on('close', () => void (open.delete(client), upstream.destroy()))
  upstream.on('close', () => client.destroy())
  client.on('error', () => undefined)
  upstream.on('error', () => undefined)
  client.pipe(upstream).pipe(client)
})
await new Promise<void>((resolve) => door.listen(join(folder, '.s.PGSQL.5432'), resolve))

const through = (url: string): string => {
  const address = new URL(url)
  address.searchParams.set('host', folder)
  address.searchParams.set('port', '5432')
  return address.href
}
const db = await openPg({ url: through(appUrl), workerUrl: through(workerUrl), schema, contextKey })
const store = new PgEventStore(db)
const commands = new PgCommandStore(db)
const tenantId = 'alpha'
const stream = { tenantId, aggregateType: 'thing', aggregateId: 'piped' }

afterAll(async () => {
  await db.close()
  for (const socket of open) socket.destroy()
  await new Promise((resolve) => door.close(resolve))
  await rm(folder, { recursive: true, force: true })
})

const append = () => store.append({ stream, expected: 'any', events: [markedEvent('x')] })

/** The call writes to a connection that was closed a moment before, which this process cannot have heard of. */
async function callOnClosed<T>(call: () => Promise<T>): Promise<T> {
  await call()
  // From the answer of a file on, until the next look at the sockets.
  await stat(folder)
  for (const socket of open) socket.destroy()
  return call()
}

test('a call that meets a closed socket on writing is sent again like one whose connection was lost', async () => {
  expect(await callOnClosed(append)).toMatchObject({ version: 2 })
  expect(await callOnClosed(() => Promise.all([append(), append()]))).toMatchObject([{ version: 5 }, { version: 6 }])
  expect(await callOnClosed(() => store.load(stream))).toMatchObject({ version: 6 })
  expect((await callOnClosed(() => store.readAll())).events).toHaveLength(6)
  expect(await callOnClosed(() => commands.getById(tenantId, randomUUID()))).toBeUndefined()
})

test('work whose connection is closed while it runs is told of an outage', async () => {
  const select = sql.unsafe`select 1`
  const calls = [
    () => store.transaction(tenantId, (tx) => callOnClosed(() => tx.load(stream))),
    () => withTenant(db, tenantId, (connection) => callOnClosed(() => connection.query(select))),
  ]
  for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'CAIRN_DATABASE_UNAVAILABLE', retryable: true })
})
