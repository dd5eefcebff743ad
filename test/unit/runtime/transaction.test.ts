import { EventBus, Policies } from '@cairn/core'
import { InMemoryEventStore } from '@cairn/infra/memory'
import { describe, expect, it } from 'vitest'
import { accountCommands } from './account.ts'
import { eventsOf, openAccount, openBank } from './bank.ts'

const { open, deposit, withdraw, topUp } = accountCommands

describe('a transaction', () => {
  it('stores the commands of several aggregates together', async () => {
    const bank = openBank()
    await openAccount(bank, 'a')
    await bank.bus.dispatch(deposit({ accountId: 'a', amount: 10 }))
    const moved = await bank.bus.transaction({ userId: 'u' }, async (tx) => {
      await tx.dispatch(withdraw({ accountId: 'a', amount: 4 }))
      await tx.dispatch(open({ accountId: 'b', owner: 'bob' }))
      const decided = await tx.dispatch(deposit({ accountId: 'b', amount: 4 }))
      expect(decided).toEqual({
        aggregateId: 'b',
        events: [{ type: 'account.deposited', payload: { amount: 4 } }],
        version: 2,
        duplicate: false,
      })
      expect(await eventsOf(bank, 'b')).toHaveLength(0)
      return 4
    })
    expect(moved).toBe(4)
    expect((await eventsOf(bank, 'a')).map((e) => e.type)).toEqual(['account.opened', 'account.deposited', 'account.withdrawn'])
    const events = await eventsOf(bank, 'b')
    expect(events.map((e) => [e.version, e.type])).toEqual([
      [1, 'account.opened'],
      [2, 'account.deposited'],
    ])
    expect(events[0]?.metadata).toMatchObject({ userId: 'u' })
  })

  it('stores nothing of it when the work fails, and gives the error', async () => {
    const bank = openBank()
    await openAccount(bank, 'a')
    await expect(
      bank.bus.transaction({}, async (tx) => {
        await tx.reserve('email', 'ann@example.org')
        await tx.dispatch(deposit({ accountId: 'a', amount: 1 }))
        await tx.dispatch(withdraw({ accountId: 'a', amount: 5 }))
      }),
    ).rejects.toMatchObject({ code: 'CAIRN_BUSINESS_RULE', details: { balance: 1 } })
    expect(await eventsOf(bank, 'a')).toHaveLength(1)
    // The reservation was given back with the rest.
    await bank.bus.transaction({}, (tx) => tx.reserve('email', 'ann@example.org'))
  })

  it('goes on after a refusal that the work catches, as if the command had not been there', async () => {
    const bank = openBank()
    await openAccount(bank, 'a')
    await bank.bus.transaction({}, async (tx) => {
      await tx.dispatch(deposit({ accountId: 'a', amount: 3 }))
      await expect(tx.dispatch(withdraw({ accountId: 'a', amount: 5 }))).rejects.toThrow('more than there is')
      await tx.dispatch(withdraw({ accountId: 'a', amount: 3 }))
    })
    expect(await eventsOf(bank, 'a')).toHaveLength(3)
  })

  it('decides one after another, also what the work does not wait for', async () => {
    const bank = openBank()
    await openAccount(bank, 'a')
    await bank.bus.transaction({}, async (tx) => {
      for (let i = 0; i < 5; i++) void tx.dispatch(topUp({ accountId: 'a', to: i }))
    })
    expect((await eventsOf(bank, 'a')).slice(1).map((e) => e.payload)).toEqual([{ amount: 1 }, { amount: 1 }, { amount: 1 }, { amount: 1 }])
  })

  it('refuses a value that is reserved', async () => {
    const bank = openBank()
    await bank.bus.transaction({}, (tx) => tx.reserve('email', 'ann@example.org'))
    await expect(
      bank.bus.transaction({}, async (tx) => {
        await tx.dispatch(open({ accountId: 'b', owner: 'bob' }))
        await tx.reserve('email', 'ann@example.org')
      }),
    ).rejects.toMatchObject({ code: 'CAIRN_RESERVATION_TAKEN' })
    expect(await eventsOf(bank, 'b')).toHaveLength(0)
    await bank.bus.transaction({}, async (tx) => {
      expect(await tx.release('email', 'ann@example.org')).toBe(true)
    })
    await bank.bus.transaction({}, (tx) => tx.reserve('email', 'ann@example.org'))
  })

  it('fails with a retryable conflict when another writer was faster, and may do the work again', async () => {
    const inner = new InMemoryEventStore()
    const ours = openBank({}, inner)
    const theirs = openBank({}, inner)
    await openAccount(ours, 'a')
    let runs = 0
    const work = (attempts: number) =>
      ours.bus.transaction({ attempts }, async (tx) => {
        await tx.dispatch(deposit({ accountId: 'a', amount: 1 }))
        if (runs++ === 0) await theirs.bus.dispatch(deposit({ accountId: 'a', amount: 100 }))
      })
    await expect(work(1)).rejects.toMatchObject({ code: 'CAIRN_VERSION_CONFLICT', retryable: true })
    expect(await eventsOf(ours, 'a')).toHaveLength(2)
    runs = 0
    await work(2)
    expect(runs).toBe(2)
    expect(await eventsOf(ours, 'a')).toHaveLength(4)
  })

  it('does not do the work again for a conflict that the work met itself', async () => {
    const bank = openBank()
    await openAccount(bank, 'a')
    let runs = 0
    await expect(
      bank.bus.transaction({ attempts: 5 }, async (tx) => {
        runs++
        await tx.dispatch(deposit({ accountId: 'a', amount: 1 }), { expectedVersion: 7 })
      }),
    ).rejects.toMatchObject({ code: 'CAIRN_VERSION_CONFLICT', actual: 1 })
    expect(runs).toBe(1)
  })

  it('answers a command that took effect before with its first result, in this transaction or earlier', async () => {
    const bank = openBank()
    const create = open({ accountId: 'a', owner: 'ann' })
    const first = await bank.bus.dispatch(create)
    await bank.bus.transaction({}, async (tx) => {
      expect(await tx.dispatch(create)).toMatchObject({ version: 1, duplicate: true, events: [{ id: first.events[0]?.id }] })
      const command = deposit({ accountId: 'a', amount: 1 })
      expect(await tx.dispatch(command)).toMatchObject({ version: 2, duplicate: false })
      expect(await tx.dispatch(command)).toMatchObject({ version: 2, duplicate: true })
      await expect(tx.dispatch(deposit({ accountId: 'a', amount: 2 }, { id: command.id }))).rejects.toMatchObject({
        code: 'CAIRN_COMMAND_ID_REUSED',
      })
    })
    expect(await eventsOf(bank, 'a')).toHaveLength(2)
  })

  it('holds commands to the policies, the schemas, the tenant and the middleware of the bus', async () => {
    const policies = new Policies().allow('account.*', { roles: ['clerk'] })
    const bank = openBank({ policies })
    const seen: boolean[] = []
    bank.bus.use({
      process: (message, next) => {
        seen.push(message.inTransaction)
        return next(message)
      },
    })
    await expect(bank.bus.transaction({}, (tx) => tx.dispatch(open({ accountId: 'a', owner: 'ann' })))).rejects.toMatchObject({
      code: 'CAIRN_NOT_AUTHORIZED',
    })
    await bank.bus.transaction({ role: 'clerk' }, async (tx) => {
      await tx.dispatch(open({ accountId: 'a', owner: 'ann' }))
      await expect(tx.dispatch(deposit({ accountId: 'a', amount: 1 }), { tenantId: 'other' })).rejects.toMatchObject({
        code: 'CAIRN_TENANT_MISMATCH',
      })
      await expect(tx.dispatch(open({ accountId: 'a', owner: 'ann' }))).rejects.toMatchObject({ code: 'CAIRN_AGGREGATE_EXISTS' })
    })
    expect(seen).toEqual([true, true, true, true])
    expect(await eventsOf(bank, 'a')).toHaveLength(1)
  })

  it('hands its events to the bus after the commit, and none after a rollback', async () => {
    const eventBus = new EventBus()
    const bank = openBank({ eventBus })
    const seen: string[] = []
    eventBus.subscribe('*', (event) => void seen.push(`${event.aggregateId} ${event.version} ${event.position > 0}`))
    await openAccount(bank, 'a')
    await bank.bus.transaction({}, async (tx) => {
      await tx.dispatch(deposit({ accountId: 'a', amount: 1 }))
      await tx.dispatch(open({ accountId: 'b', owner: 'bob' }))
      await tx.dispatch(deposit({ accountId: 'a', amount: 1 }))
      expect(seen).toHaveLength(1)
    })
    await bank.bus
      .transaction({}, async (tx) => {
        await tx.dispatch(deposit({ accountId: 'a', amount: 1 }))
        throw new Error('rolled back')
      })
      .catch(() => undefined)
    expect(seen).toEqual(['a 1 true', 'a 2 true', 'a 3 true', 'b 1 true'])
  })

  it('refuses a closed stream, and commands after its end', async () => {
    const bank = openBank()
    await openAccount(bank, 'a')
    await bank.store.close({ tenantId: 't', aggregateType: 'account', aggregateId: 'a' })
    let escaped: Parameters<Parameters<typeof bank.bus.transaction>[1]>[0] | undefined
    await expect(
      bank.bus.transaction({}, async (tx) => {
        escaped = tx
        await tx.dispatch(deposit({ accountId: 'a', amount: 1 }))
      }),
    ).rejects.toMatchObject({ code: 'CAIRN_STREAM_CLOSED' })
    await expect(escaped?.dispatch(deposit({ accountId: 'b', amount: 1 }))).rejects.toMatchObject({ code: 'CAIRN_STOPPED' })
  })
})
