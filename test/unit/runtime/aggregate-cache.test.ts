import { InMemoryEventStore } from '@cairn/infra/memory'
import { describe, expect, it } from 'vitest'
import { accountCommands } from './account.ts'
import { eventsOf, openAccount, openBank } from './bank.ts'

const { open, deposit, withdraw, topUp } = accountCommands

/** Two processes with caches on one store; ours remembers the account at version 2 with 10 in it, and theirs went on to `balance`. */
async function staleCache(balance: number) {
  const inner = new InMemoryEventStore()
  const ours = openBank({ aggregateCache: 10 }, inner)
  const theirs = openBank({}, inner)
  await openAccount(ours)
  await ours.bus.dispatch(deposit({ accountId: 'a', amount: 10 }))
  if (balance > 10) await theirs.bus.dispatch(deposit({ accountId: 'a', amount: balance - 10 }))
  if (balance < 10) await theirs.bus.dispatch(withdraw({ accountId: 'a', amount: 10 - balance }))
  ours.store.counts.load = 0
  return ours
}

describe('the aggregate cache', () => {
  it('is off unless asked for', async () => {
    const bank = openBank()
    await openAccount(bank)
    for (const amount of [1, 2, 3]) await bank.bus.dispatch(deposit({ accountId: 'a', amount }))
    expect(bank.store.counts.load).toBe(4)
  })

  it('decides without a load while nobody else writes', async () => {
    const bank = openBank({ aggregateCache: 10 })
    await openAccount(bank)
    for (const amount of [1, 2, 3]) await bank.bus.dispatch(deposit({ accountId: 'a', amount }))
    expect(bank.store.counts.load).toBe(1)
  })

  it('remembers no more than it may, those used last', async () => {
    const bank = openBank({ aggregateCache: 2 })
    for (const id of ['a', 'b', 'c']) await openAccount(bank, id)
    await bank.bus.dispatch(deposit({ accountId: 'b', amount: 1 }))
    await openAccount(bank, 'd')
    bank.store.counts.load = 0
    await bank.bus.dispatch(deposit({ accountId: 'b', amount: 1 }))
    expect(bank.store.counts.load).toBe(0)
    await bank.bus.dispatch(deposit({ accountId: 'c', amount: 1 }))
    expect(bank.store.counts.load).toBe(1)
  })

  it('never lets an old state through: the append conflicts and the command is decided on the new one', async () => {
    const ours = await staleCache(30)
    expect(await ours.bus.dispatch(topUp({ accountId: 'a', to: 31 }))).toMatchObject({ version: 4, events: [{ payload: { amount: 1 } }] })
  })

  it('never reports a refusal that an old state gave', async () => {
    const ours = await staleCache(30)
    expect(await ours.bus.dispatch(withdraw({ accountId: 'a', amount: 25 }))).toMatchObject({ version: 4 })
    expect(ours.store.counts.load).toBe(1)
  })

  it('never reports "nothing to do" on an old state', async () => {
    const ours = await staleCache(3)
    expect(await ours.bus.dispatch(topUp({ accountId: 'a', to: 10 }))).toMatchObject({ version: 4, events: [{ payload: { amount: 7 } }] })
    expect(ours.store.groups.slice(2)).toEqual([1])
  })

  it('never reports a version conflict that an old state gave', async () => {
    const ours = await staleCache(30)
    expect(await ours.bus.dispatch(deposit({ accountId: 'a', amount: 1 }), { expectedVersion: 3 })).toMatchObject({ version: 4 })
    await expect(ours.bus.dispatch(deposit({ accountId: 'a', amount: 1 }), { expectedVersion: 3 })).rejects.toMatchObject({ actual: 4 })
  })

  it('never reports "exists already" without having looked', async () => {
    const ours = await staleCache(10)
    await expect(ours.bus.dispatch(open({ accountId: 'a', owner: 'bob' }))).rejects.toMatchObject({ code: 'CAIRN_AGGREGATE_EXISTS' })
    expect(ours.store.counts.load).toBe(1)
  })

  it('gives the same log as no cache does, whoever writes in between', async () => {
    const inner = new InMemoryEventStore()
    const banks = [openBank({ aggregateCache: 1 }, inner), openBank({ aggregateCache: 3 }, inner), openBank({}, inner)]
    const [first] = banks
    if (first === undefined) throw new Error('no bank')
    await openAccount(first)
    const outcomes = await Promise.allSettled(
      Array.from({ length: 300 }, (_, i) =>
        banks[i % 3]?.bus.dispatch(i % 2 === 0 ? deposit({ accountId: 'a', amount: 2 }) : withdraw({ accountId: 'a', amount: 3 })),
      ),
    )
    const events = await eventsOf(first)
    let balance = 0
    for (const { type, payload } of events) {
      if (typeof payload !== 'object' || payload === null || !('amount' in payload)) continue
      balance += type === 'account.deposited' ? Number(payload.amount) : -Number(payload.amount)
      expect(balance).toBeGreaterThanOrEqual(0)
    }
    expect(events).toHaveLength(1 + outcomes.filter((o) => o.status === 'fulfilled').length)
  })
})
