import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCairn, type CairnTransaction } from '@cairn/cairn'
import { removeDataFolder } from '@cairn/infra/embedded'
import { describe, expect, it } from 'vitest'
import { Account, accountCommands, banking, SnapshotAccount } from '../../unit/runtime/account.ts'
import { emptyDatabase, testDatabase } from '../../support/test-database.ts'
import { defineDomain } from '@cairn/core'

const { open, deposit, withdraw, topUp } = accountCommands
const domains = [banking]

describe('an app on PostgreSQL', async () => {
  const database = await testDatabase()
  const production = {
    database: database.appUrl,
    workerUrl: database.workerUrl,
    schema: database.schema,
    contextKey: database.contextKey,
    defaultTenantId: 't',
  }

  it('carries commands out with the logins of production, and says where the data is', async () => {
    await using app = await createCairn({ domains, ...production })
    expect(app.database).toMatchObject({ kind: 'postgres', schema: database.schema })
    await app.dispatch(open({ accountId: 'a', owner: 'ann' }))
    const results = await Promise.all(Array.from({ length: 100 }, () => app.dispatch(deposit({ accountId: 'a', amount: 1 }))))
    expect(results.map((r) => r.version)).toEqual(Array.from({ length: 100 }, (_, i) => i + 2))
    expect(await app.load(Account, 'a')).toMatchObject({ version: 101, state: { balance: 100 } })
    expect((await app.bus.getEventHistory('a')).map((e) => e.version)).toEqual(Array.from({ length: 101 }, (_, i) => i + 1))
  })

  it('answers repeated commands, refusals and empty decisions as in memory', async () => {
    await using app = await createCairn({ domains, ...production })
    const create = open({ accountId: 'b', owner: 'bob' })
    const racers = await Promise.all(Array.from({ length: 16 }, () => app.dispatch(create)))
    expect(new Set(racers.map((r) => JSON.stringify(r.events))).size).toBe(1)
    expect(await app.dispatch(create)).toMatchObject({ version: 1, duplicate: true })
    await expect(app.dispatch(open({ accountId: 'b', owner: 'eve' }))).rejects.toMatchObject({ code: 'CAIRN_AGGREGATE_EXISTS' })
    await expect(app.dispatch(withdraw({ accountId: 'b', amount: 1 }))).rejects.toMatchObject({ code: 'CAIRN_BUSINESS_RULE' })
    const nothing = topUp({ accountId: 'b', to: 0 })
    expect(await app.dispatch(nothing)).toMatchObject({ version: 1, position: 0, events: [] })
    await app.dispatch(deposit({ accountId: 'b', amount: 1 }))
    expect(await app.dispatch(nothing)).toMatchObject({ version: 1, events: [], duplicate: true })
    await expect(app.dispatch(deposit({ accountId: 'b', amount: 1 }), { expectedVersion: 1 })).rejects.toMatchObject({ actual: 2 })
  })

  it('applies every command when two apps send them to one aggregate at the same time', async () => {
    await using one = await createCairn({ domains, ...production })
    await using two = await createCairn({ domains, ...production })
    await one.dispatch(open({ accountId: 'c', owner: 'carl' }))
    await Promise.all([one, two].flatMap((app) => Array.from({ length: 60 }, () => app.dispatch(deposit({ accountId: 'c', amount: 1 })))))
    expect(await one.load(Account, 'c')).toMatchObject({ version: 121, state: { balance: 120 } })
  })

  it('commits commands, reservations and SQL together or not at all', async () => {
    await using app = await createCairn({ domains, ...production })
    await app.transaction({}, async (tx) => {
      await tx.reserve('owner', 'dora')
      await tx.dispatch(open({ accountId: 'd', owner: 'dora' }))
      await tx.dispatch(deposit({ accountId: 'd', amount: 5 }))
      await tx.sql`create temporary table if not exists seen (tenant text, note text) on commit drop`
      await tx.sql`insert into seen values (${tx.tenantId}, ${"o'neil"})`
      expect(await tx.sql`select note from seen`).toEqual([{ note: "o'neil" }])
    })
    expect(await app.load(Account, 'd')).toMatchObject({ version: 2, state: { balance: 5 } })
    await expect(
      app.transaction({}, async (tx) => {
        await tx.dispatch(deposit({ accountId: 'd', amount: 5 }))
        await tx.reserve('owner', 'dora')
      }),
    ).rejects.toMatchObject({ code: 'CAIRN_RESERVATION_TAKEN' })
    await expect(
      app.transaction({}, async (tx) => {
        await tx.dispatch(deposit({ accountId: 'd', amount: 5 }))
        await tx.sql`select 1 / 0`
      }),
    ).rejects.toMatchObject({ message: expect.stringMatching(/division by zero|query/i) })
    expect(await app.load(Account, 'd')).toMatchObject({ version: 2 })
  })

  it('does a transaction again when another writer was faster', async () => {
    await using app = await createCairn({ domains, ...production })
    await app.dispatch(open({ accountId: 'e', owner: 'emma' }))
    let runs = 0
    await app.transaction({ attempts: 3 }, async (tx) => {
      await tx.dispatch(deposit({ accountId: 'e', amount: 1 }))
      if (runs++ === 0) await app.dispatch(deposit({ accountId: 'e', amount: 10 }))
    })
    expect(runs).toBe(2)
    expect(await app.load(Account, 'e')).toMatchObject({ version: 3, state: { balance: 11 } })
  })

  it('takes nothing into a transaction that is over', async () => {
    await using app = await createCairn({ domains, ...production })
    const { promise, resolve } = Promise.withResolvers<CairnTransaction<typeof banking>>()
    await app.transaction({}, async (tx) => resolve(tx))
    const over = await promise
    await expect(over.dispatch(open({ owner: 'late' }))).rejects.toMatchObject({ code: 'CAIRN_STOPPED' })
    await expect(over.reserve('owner', 'late')).rejects.toMatchObject({ code: 'CAIRN_STOPPED' })
  })

  it('shows SQL one tenant at a time', async () => {
    await using app = await createCairn({ domains, ...production })
    await app.dispatch(open({ accountId: 'z', owner: 'zoe' }), { tenantId: 'other' })
    const tenants = await app
      .withTenant('other', (sql) => sql`select distinct tenant_id from domain_events`)
      .catch((error: unknown) => error)
    const named = await app.withTenant('other', async (sql) => {
      await sql`select set_config('search_path', ${database.schema}, true)`
      return sql`select distinct tenant_id from streams`
    })
    expect(named).toEqual([{ tenant_id: 'other' }])
    // Without the schema on the path there is no such view: names are the user's business.
    expect(tenants).toBeInstanceOf(Error)
  })

  it('keeps stored commands', async () => {
    await using app = await createCairn({ domains, ...production })
    await app.dispatch(open({ accountId: 'f', owner: 'fay' }))
    const { id, type, aggregateType, aggregateId, payload } = deposit({ accountId: 'f', amount: 2 })
    const command = {
      id,
      tenantId: 't',
      type,
      aggregateType,
      aggregateId,
      payload,
      metadata: { correlationId: id, causationId: id, schemaVersion: 1 },
    }
    const row = await app.scheduler.schedule(command)
    expect(row).toMatchObject({ status: 'processed', result: { version: 2 } })
    expect(await app.scheduler.schedule(command)).toEqual(row)
  })

  it('goes on where another app stopped, with snapshots and with the cache', async () => {
    const banks = [defineDomain('banking', { aggregates: [SnapshotAccount] })]
    await (async () => {
      await using app = await createCairn({ domains: banks, ...production })
      await app.dispatch(open({ accountId: 's', owner: 'sam' }))
      for (let i = 0; i < 12; i++) await app.dispatch(deposit({ accountId: 's', amount: 1 }))
    })()
    await using app = await createCairn({ domains: banks, ...production, aggregateCache: 100 })
    expect(await app.load(SnapshotAccount, 's')).toMatchObject({ version: 13, state: { balance: 12 } })
    expect(await app.load(SnapshotAccount, 's', { version: 4 })).toMatchObject({ version: 4, state: { balance: 3 } })
    for (let i = 0; i < 3; i++) await app.dispatch(withdraw({ accountId: 's', amount: 4 }))
    await expect(app.dispatch(withdraw({ accountId: 's', amount: 1 }))).rejects.toMatchObject({ details: { balance: 0 } })
  })
})

describe('the start', async () => {
  const empty = await emptyDatabase()

  it('says what to run when the schema is missing and the login may not make it', async () => {
    await expect(createCairn({ domains, database: empty.appUrl, schema: empty.schema, contextKey: 'ab'.repeat(32) })).rejects.toMatchObject(
      {
        code: 'CAIRN_SCHEMA_VERSION',
        message: expect.stringContaining('migrate()'),
      },
    )
  })

  it('does not migrate where it is told not to', async () => {
    await expect(
      createCairn({ domains, database: empty.url, schema: empty.schema, roles: 'switch', migrate: false }),
    ).rejects.toMatchObject({
      code: 'CAIRN_SCHEMA_VERSION',
    })
  })

  it('migrates with the owner that it is given, or with a login that may, and finds the key itself', async () => {
    await using app = await createCairn({ domains, database: empty.url, schema: empty.schema, roles: 'switch', defaultTenantId: 't' })
    expect(await app.dispatch(open({ owner: 'ann' }))).toMatchObject({ version: 1 })
    await using other = await createCairn({
      domains,
      database: empty.appUrl,
      workerUrl: empty.workerUrl,
      ownerUrl: empty.url,
      schema: empty.schema,
      defaultTenantId: 't',
    })
    expect(await other.dispatch(open({ owner: 'bob' }))).toMatchObject({ version: 1 })
  })

  it('refuses a superuser as the application', async () => {
    await expect(createCairn({ domains, database: empty.url, schema: empty.schema })).rejects.toMatchObject({
      code: 'CAIRN_UNSAFE_DATABASE',
    })
  })

  it('says that the database is away', async () => {
    await expect(createCairn({ domains, database: 'postgres://nobody@127.0.0.1:1/none', migrate: false })).rejects.toMatchObject({
      code: 'CAIRN_DATABASE_UNAVAILABLE',
      retryable: true,
    })
  })
})

describe('the embedded database', () => {
  it('gives way to no database of the shell that tests run in: vitest.config.ts empties these', () => {
    expect([process.env['DATABASE_URL'], process.env['SUPABASE_DB_URL']]).toEqual(['', ''])
  })

  it('starts with the app, is migrated, and keeps the log for the next start', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'cairn-app-'))
    const options = { domains, database: 'embedded', dataDir: join(dataDir, 'postgres'), defaultTenantId: 't' }
    try {
      await (async () => {
        await using app = await createCairn(options)
        expect(app.database).toMatchObject({ kind: 'embedded', schema: 'cairn', dataDir: options.dataDir })
        await app.dispatch(open({ accountId: 'a', owner: 'ann' }))
      })()
      await using app = await createCairn(options)
      expect(await app.load(Account, 'a')).toMatchObject({ version: 1, state: { owner: 'ann' } })
    } finally {
      await removeDataFolder(options.dataDir)
      await rm(dataDir, { recursive: true, force: true })
    }
  })
})
