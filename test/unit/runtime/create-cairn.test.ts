import {
  AggregateExistsError,
  createCairn,
  defineConfig,
  defineDecider,
  defineDomain,
  defineCommands,
  defineEvents,
  Policies,
  silentLogger,
} from '@cairn/cairn'
import type { LoggerPort, RecordedEvent } from '@cairn/cairn'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { Account, accountCommands, accountEvents, banking } from './account.ts'

const lampEvents = defineEvents('lamp', { lit: z.object({}), dimmed: z.object({ level: z.number() }) })
const lampCommands = defineCommands('lamp', { light: z.object({}), dim: z.object({ level: z.number() }) })
const Lamp = defineDecider(lampEvents, () => ({ level: 0 }))
  .evolve({ lit: () => ({ level: 100 }), dimmed: (_, e) => ({ level: e.level }) })
  .decide(lampCommands, { light: () => lampEvents.lit(), dim: (_, e) => lampEvents.dimmed(e) })
const house = defineDomain('house', { aggregates: [Lamp] })

const strangerEvents = defineEvents('stranger', { came: z.object({}) })
const strangerCommands = defineCommands('stranger', { come: z.object({}) })

function open() {
  return createCairn({ domains: [banking, house], database: 'memory', defaultTenantId: 't' })
}
const { deposit, withdraw } = accountCommands

describe('an app', () => {
  it('dispatches commands of classes and deciders, typed by their aggregate', async () => {
    await using app = await open()
    const result = await app.dispatch(accountCommands.open({ accountId: 'a', owner: 'ann' }))
    expectTypeOf(result.events).toEqualTypeOf<readonly (typeof accountEvents.$event)[]>()
    const currencies = result.events.map((event) => (event.type === 'account.opened' ? event.payload.currency : undefined))
    expect(currencies).toEqual(['EUR'])
    const lit = await app.dispatch(lampCommands.light({ lampId: 'l' }))
    expectTypeOf(lit.events).toEqualTypeOf<readonly (typeof lampEvents.$event)[]>()
    expect(lit).toMatchObject({ aggregateId: 'l', version: 1, position: 2, duplicate: false })
    // @ts-expect-error the app has no domain with strangers
    await expect(app.dispatch(strangerCommands.come({ strangerId: 's' }))).rejects.toMatchObject({ code: 'CAIRN_UNKNOWN_TYPE' })
    // @ts-expect-error a command put together by hand
    await app.dispatch({ id: 'x', type: 'lamp.light', aggregateType: 'lamp', aggregateId: 'l', payload: {} }).catch(() => undefined)
  })

  it('loads an aggregate as it is, and as it was at a version or a time', async () => {
    await using app = await open()
    await app.dispatch(accountCommands.open({ accountId: 'a', owner: 'ann' }))
    await app.dispatch(deposit({ accountId: 'a', amount: 5 }))
    await app.dispatch(withdraw({ accountId: 'a', amount: 2 }))
    const now = await app.load(Account, 'a')
    expectTypeOf(now.state.balance).toEqualTypeOf<number>()
    expect(now).toEqual({ state: { owner: 'ann', balance: 3, moves: 2 }, version: 3 })
    expect(await app.load(Account, 'a', { version: 2 })).toEqual({ state: { owner: 'ann', balance: 5, moves: 1 }, version: 2 })
    expect(await app.load(Account, 'a', { until: new Date(0) })).toEqual({ state: { owner: '', balance: 0, moves: 0 }, version: 0 })
    expect(await app.load(Account, 'nobody')).toMatchObject({ version: 0 })
    expect((await app.load(Lamp, 'l')).state.level).toBe(0)
  })

  it('answers an append with what was stored, whatever the bus makes of it', async () => {
    const errors: string[] = []
    const logger: LoggerPort = { ...silentLogger, error: (line) => void errors.push(line), child: () => logger }
    await using app = await createCairn({ domains: [banking], database: 'memory', defaultTenantId: 't', logger })
    app.bus.use({ process: () => Promise.reject(new Error('the bus is full')) })
    const stream = { aggregateType: 'account', aggregateId: 'a' } as const
    const appended = await app.events.append(stream, [accountEvents.deposited({ amount: 5 })], { expected: 0 })
    expect(appended).toMatchObject({ version: 1, position: 1 })
    expect(errors).toContain('Events were stored, but could not be handed to the event bus.')
  })

  it('refuses a subscription whose failures could not be counted', async () => {
    await using app = await open()
    const subscribe = (options: object) => app.subscribe('mailer', { types: '*', from: 'start', ...options }, () => undefined)
    for (const [options, message] of [
      [{ retry: { attempts: NaN } }, /"mailer" has retry\.attempts NaN/],
      [{ onExhausted: 'skip' }, /"mailer" has onExhausted "skip"/],
      [{ maxWaiting: NaN }, /"mailer" has maxWaiting NaN/],
    ] as const) {
      await expect(subscribe(options)).rejects.toThrow(message)
    }
  })

  it('appends, reads and queries events by hand', async () => {
    await using app = await open()
    const stream = { aggregateType: 'account', aggregateId: 'a' } as const
    const seen: RecordedEvent[] = []
    app.bus.subscribe('account.*', (event) => void seen.push(event))
    const appended = await app.events.append(
      stream,
      [accountEvents.opened({ owner: 'ann', currency: 'EUR' }), accountEvents.deposited({ amount: 5 })],
      { expected: 0, userId: 'u', correlationId: 'import-1' },
    )
    expect(appended).toMatchObject({ version: 2, position: 2 })
    expect(appended.events[0]?.metadata).toMatchObject({
      userId: 'u',
      correlationId: 'import-1',
      causationId: 'import-1',
      schemaVersion: 1,
    })
    expect(seen).toHaveLength(2)
    const read: RecordedEvent[] = []
    for await (const event of app.events.read(stream, { fromVersion: 2 })) read.push(event)
    expect(read).toEqual(appended.events.slice(1))
    expect((await app.events.readAll({ types: ['account.deposited'] })).events).toEqual(read)
    expect((await app.events.query({ tenantId: 't', correlationId: 'import-1' })).events).toHaveLength(2)
    expect(await app.events.countByType('t')).toHaveLength(2)
    expect(await app.bus.getEventHistory('a')).toEqual(appended.events)
    await expect(app.events.append(stream, [accountEvents.deposited({ amount: 1 })], { expected: 0 })).rejects.toMatchObject({
      code: 'CAIRN_VERSION_CONFLICT',
      actual: 2,
    })
    // @ts-expect-error an event of another aggregate
    await expect(app.events.append(stream, [lampEvents.lit()], { expected: 2 })).rejects.toMatchObject({ code: 'CAIRN_INVALID_INPUT' })
    // @ts-expect-error no such event
    const bad = app.events.append(stream, [{ type: 'account.deposted', payload: {} }], { expected: 2 })
    await expect(bad).rejects.toThrow('Did you mean "account.deposited"?')
    const wrong = app.events.append(stream, [{ type: 'account.deposited', payload: { amount: 0.5 } }], { expected: 2 })
    await expect(wrong).rejects.toMatchObject({ code: 'CAIRN_SCHEMA_VALIDATION' })
    expect((await app.load(Account, 'a')).version).toBe(2)
  })

  it('knows which streams exist, and ends them', async () => {
    await using app = await open()
    await app.dispatch(lampCommands.light({ lampId: 'one' }))
    const [one, two] = ['one', 'two'].map((aggregateId) => ({ aggregateType: 'lamp' as const, aggregateId }))
    if (one === undefined || two === undefined) throw new Error('no streams')
    expect([await app.existsAll([one, two]), await app.existsOne([one, two]), await app.existsOne([two])]).toEqual([false, true, false])
    await app.close(one)
    await expect(app.dispatch(lampCommands.light({ lampId: 'one' }))).rejects.toMatchObject({ code: 'CAIRN_STREAM_CLOSED' })
    await expect(app.close(two)).rejects.toMatchObject({ code: 'CAIRN_VERSION_CONFLICT' })
    expect((await app.load(Lamp, 'one')).state.level).toBe(100)
  })

  it('runs transactions over several aggregates and reservations, typed', async () => {
    await using app = await open()
    await app.transaction({ userId: 'u' }, async (tx) => {
      await tx.reserve('owner', 'ann')
      const opened = await tx.dispatch(accountCommands.open({ accountId: 'a', owner: 'ann' }))
      expectTypeOf(opened.events).toEqualTypeOf<readonly (typeof accountEvents.$new)[]>()
      await tx.dispatch(lampCommands.light({ lampId: 'l' }))
      expect(() => tx.sql).toThrow('There is no SQL in memory')
    })
    expect((await app.load(Account, 'a')).version).toBe(1)
    await expect(app.withTenant('t', (sql) => sql`select 1`)).rejects.toMatchObject({ code: 'CAIRN_INVALID_INPUT' })
  })

  it('schedules commands and keeps their rows', async () => {
    await using app = await open()
    const { id, type, aggregateType, aggregateId, payload } = lampCommands.light({ lampId: 'l' })
    const metadata = { correlationId: id, causationId: id, schemaVersion: 1 }
    const row = await app.scheduler.schedule({ id, tenantId: 't', type, aggregateType, aggregateId, payload, metadata })
    expect(row).toMatchObject({ status: 'processed', result: { version: 1 } })
    expect(await app.commands.query({ tenantId: 't' })).toEqual([row])
  })

  it('gives types to handlers of the bus', async () => {
    await using app = await open()
    const owners: string[] = []
    app.bus.subscribe('account.opened', (event) => void owners.push(event.payload.owner))
    app.bus.register({
      supports: (event: RecordedEvent) => accountEvents.deposited.is(event),
      handle: (event) => void owners.push(String(event.payload.amount)),
    })
    // @ts-expect-error no such event in these domains
    app.bus.subscribe('account.openned', () => {})
    await app.dispatch(accountCommands.open({ accountId: 'a', owner: 'ann' }))
    await app.dispatch(deposit({ accountId: 'a', amount: 7 }))
    expect(owners).toEqual(['ann', '7'])
  })

  it('takes no new work once it was stopped, lets the rest end, and may be stopped again', async () => {
    const app = await open()
    const gate = Promise.withResolvers<void>()
    app.bus.subscribe('*', () => gate.promise)
    const onTheWay = app.dispatch(lampCommands.light({ lampId: 'l' }))
    let ended = false
    const stopped = app.stop().then(() => (ended = true))
    await expect(app.dispatch(lampCommands.light({ lampId: 'l' }))).rejects.toMatchObject({ code: 'CAIRN_STOPPED' })
    await expect(app.load(Lamp, 'l')).rejects.toMatchObject({ code: 'CAIRN_STOPPED' })
    await new Promise((resolve) => setImmediate(resolve))
    expect(ended).toBe(false)
    gate.resolve()
    await stopped
    expect(await onTheWay).toMatchObject({ version: 1 })
    await app.stop()
  })

  it('holds commands to its policies', async () => {
    const policies = new Policies().allow('lamp.*')
    await using app = await createCairn({ domains: [banking, house], database: 'memory', defaultTenantId: 't', policies })
    await app.dispatch(lampCommands.light({ lampId: 'l' }))
    await expect(app.dispatch(accountCommands.open({ owner: 'ann' }))).rejects.toMatchObject({ code: 'CAIRN_NOT_AUTHORIZED' })
  })

  it('lets the same create under the same id answer again, and another one fail for good', async () => {
    await using app = await open()
    const create = accountCommands.open({ accountId: 'a', owner: 'ann' })
    const first = await app.dispatch(create)
    expect(await app.dispatch(create)).toEqual({ ...first, duplicate: true })
    await expect(app.dispatch(accountCommands.open({ accountId: 'a', owner: 'bob' }))).rejects.toBeInstanceOf(AggregateExistsError)
  })
})

describe('createCairn', () => {
  it.each([
    ['no domain', { domains: [] }, 'domains'],
    ['a database that is none', { domains: [house], database: 'mysql://x/y' }, 'database'],
    ['a negative cache', { domains: [house], database: 'memory', aggregateCache: -1 }, 'aggregateCache'],
    ['half a byte', { domains: [house], database: 'memory', maxPayloadBytes: 0.5 }, 'maxPayloadBytes'],
    ['an empty tenant', { domains: [house], database: 'memory', defaultTenantId: '' }, 'defaultTenantId'],
    ['a limit that is none', { domains: [house], database: 'memory', commands: { maxAttempts: 0 } }, 'maxAttempts'],
  ])('refuses %s, naming the field', async (_, options, field) => {
    await expect(createCairn(options)).rejects.toMatchObject({ code: 'CAIRN_INVALID_INPUT', field })
  })

  it('refuses an option it does not know, naming the nearest', async () => {
    const options = { domains: [house], databse: 'memory' }
    await expect(createCairn(options)).rejects.toThrow('did you mean "database"?')
  })

  it('refuses what is wrong in the domains before it touches a database', async () => {
    await expect(createCairn({ domains: [house, house], database: 'postgres://nobody@127.0.0.1:1/none' })).rejects.toMatchObject({
      code: 'CAIRN_DEFINITION',
    })
    await expect(createCairn({ domains: [house], database: 'memory', naming: 'Domain.Action' })).rejects.toMatchObject({
      code: 'CAIRN_DEFINITION',
    })
    const policies = new Policies().allow('*', { when: 'missing' })
    await expect(createCairn({ domains: [house], database: 'memory', policies })).rejects.toThrow('"missing"')
  })

  it('takes what defineConfig types', async () => {
    const config = defineConfig({ domains: [house], database: 'memory', defaultTenantId: 't' })
    await using app = await createCairn(config)
    expect(app.database).toEqual({ kind: 'memory', schema: undefined, dataDir: undefined, url: undefined })
    expect(app.registry.commandTypes).toEqual(['lamp.light', 'lamp.dim'])
    // @ts-expect-error no such command
    expect(lampCommands.lihgt).toBeUndefined()
    expect(strangerEvents.came.type).toBe('stranger.came')
  })
})
