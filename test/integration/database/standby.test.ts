import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CommandBus, Registry, runCommand } from '@cairn/core'
import { orderCommands, shop } from '@cairn/example-shop'
import { startEmbeddedPostgres } from '@cairn/infra/embedded'
import { InMemoryCommandStore } from '@cairn/infra/memory'
import { migrate, openPg, PgEventStore } from '@cairn/infra/pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { markedEvent } from '../tenancy/support/two-tenants.ts'

const home = await mkdtemp(join(tmpdir(), 'cairn-standby-'))
const dataDir = join(home, 'data')
let server = await startEmbeddedPostgres({ dataDir })
const stream = { tenantId: 'alpha', aggregateType: 'thing', aggregateId: '1' }

beforeAll(async () => {
  await migrate({ url: server.url })
})

afterAll(async () => {
  await server.stop()
  await rm(home, { recursive: true, force: true })
})

test('a server in recovery is refused at the start, and by appends and readers that were open before', async () => {
  const db = await openPg({ url: server.url, roles: 'switch' })
  const store = new PgEventStore(db)
  await store.append({ stream, expected: 0, events: [markedEvent('x')] })

  // What a fail-over does to a primary: the same address, now a standby.
  const { port } = server
  await server.stop()
  await writeFile(join(dataDir, 'standby.signal'), '')
  server = await startEmbeddedPostgres({ dataDir, port })

  const standby = { code: 'CAIRN_UNSAFE_DATABASE', retryable: false, message: expect.stringMatching(/standby.*Connect to the primary/) }
  await expect(openPg({ url: server.url, roles: 'switch' })).rejects.toMatchObject(standby)
  await expect(store.append({ stream, expected: 1, events: [markedEvent('x')] })).rejects.toMatchObject(standby)
  await expect(store.readAll()).rejects.toMatchObject(standby)
  await expect(store.readAll({ tenantId: 'alpha' })).rejects.toMatchObject(standby)
  await expect(store.query({ tenantId: 'alpha' })).rejects.toMatchObject(standby)
  // The address may lead to a standby for some seconds: what is stored to be carried out must not be lost to that.
  const bus = new CommandBus({ store, models: new Registry([shop]).aggregates })
  const { id, type, aggregateType, aggregateId, payload } = orderCommands.create({
    customerId: 'c',
    lines: [{ sku: 's', quantity: 1, price: 1 }],
  })
  const metadata = { correlationId: id, causationId: id, schemaVersion: 1 }
  const command = { id, tenantId: 'alpha', type, aggregateType, aggregateId, payload, metadata }
  const stored = await new InMemoryCommandStore().upsert(command)
  const options = { maxAttempts: 1, retryMs: 70, maxRetryMs: 70, unknownTypeGraceMs: 60_000 }
  expect(await runCommand(bus, { ...stored, attempts: 1 }, options)).toEqual({ tenantId: 'alpha', id, status: 'returned', afterMs: 70 })
  // A whole stream needs no horizon.
  expect(await store.load(stream)).toMatchObject({ version: 1 })
  await db.close()
})
