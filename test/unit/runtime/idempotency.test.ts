import { AggregateExistsError, CommandIdReusedError, VersionConflictError } from '@cairn/core'
import { InMemoryEventStore } from '@cairn/infra/memory'
import { describe, expect, it } from 'vitest'
import { accountCommands } from './account.ts'
import { eventsOf, openAccount, openBank } from './bank.ts'

const { open, deposit, withdraw } = accountCommands

describe('one command, sent many times', () => {
  it.each([
    ['a new aggregate', false],
    ['an existing aggregate', true],
  ])('takes effect once and gives 16 equal answers, on %s', async (_, exists) => {
    const inner = new InMemoryEventStore()
    const banks = Array.from({ length: 4 }, () => openBank({}, inner))
    const [first] = banks
    if (first === undefined) throw new Error('no bank')
    if (exists) await openAccount(first)
    const command = exists ? deposit({ accountId: 'a', amount: 1 }) : open({ accountId: 'a', owner: 'ann' })
    const results = await Promise.all(banks.flatMap(({ bus }) => [1, 2, 3, 4].map(() => bus.dispatch(command))))
    const answers = new Set(results.map(({ duplicate: _duplicate, ...rest }) => JSON.stringify(rest)))
    expect(answers.size).toBe(1)
    expect(await eventsOf(first)).toHaveLength(exists ? 2 : 1)
  })

  it('shares one outcome with those that ask while it is on its way, refusals included', async () => {
    const bank = openBank()
    await openAccount(bank)
    bank.store.counts.resultOf = 0
    const command = withdraw({ accountId: 'a', amount: 5 })
    const outcomes = await Promise.allSettled([bank.bus.dispatch(command), bank.bus.dispatch(command)])
    expect(outcomes.map((o) => o.status)).toEqual(['rejected', 'rejected'])
    expect(bank.store.counts.resultOf).toBe(1)
  })

  it('refuses the same id with other content, on its way or done', async () => {
    const bank = openBank()
    await openAccount(bank)
    const command = deposit({ accountId: 'a', amount: 1 })
    const first = bank.bus.dispatch(command)
    const other = deposit({ accountId: 'a', amount: 2 }, { id: command.id.toUpperCase() })
    await expect(bank.bus.dispatch(other)).rejects.toBeInstanceOf(CommandIdReusedError)
    await first
    await expect(bank.bus.dispatch(other)).rejects.toBeInstanceOf(CommandIdReusedError)
    expect(await eventsOf(bank)).toHaveLength(2)
  })

  it('answers a repeated create with its first result, and another create with "exists already"', async () => {
    const bank = openBank()
    const create = open({ accountId: 'a', owner: 'ann' })
    const first = await bank.bus.dispatch(create)
    const again = await openBank({}, bank.store).bus.dispatch(create)
    expect(again).toEqual({ ...first, duplicate: true })
    await expect(bank.bus.dispatch(open({ accountId: 'a', owner: 'bob' }))).rejects.toMatchObject({
      code: 'CAIRN_AGGREGATE_EXISTS',
      retryable: false,
      actual: 1,
    })
  })

  it('answers a command whose first run would be refused by now with its first result', async () => {
    const bank = openBank()
    await openAccount(bank)
    await bank.bus.dispatch(deposit({ accountId: 'a', amount: 5 }))
    const command = withdraw({ accountId: 'a', amount: 5 })
    const first = await bank.bus.dispatch(command)
    expect(await bank.bus.dispatch(command)).toEqual({ ...first, duplicate: true })
  })

  it('does not record a refusal: the command may succeed later', async () => {
    const bank = openBank()
    await openAccount(bank)
    const command = withdraw({ accountId: 'a', amount: 5 })
    await expect(bank.bus.dispatch(command)).rejects.toThrow('more than there is')
    await bank.bus.dispatch(deposit({ accountId: 'a', amount: 5 }))
    expect(await bank.bus.dispatch(command)).toMatchObject({ version: 3, duplicate: false })
  })

  it('looks nothing up on the way of a command that goes well', async () => {
    const bank = openBank()
    await openAccount(bank)
    await Promise.all([1, 2, 3].map((amount) => bank.bus.dispatch(deposit({ accountId: 'a', amount }))))
    expect(bank.store.counts.resultOf).toBe(0)
  })

  it('refuses nothing by a state from before a repetition that another process stored', async () => {
    const store = new InMemoryEventStore()
    const [ours, other] = [openBank({}, store), openBank({}, store)]
    await openAccount(other)
    const known = deposit({ accountId: 'a', amount: 100 })
    const [sending, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    ours.store.before = async (call) => {
      if (call !== 'append') return
      ours.store.before = () => undefined
      sending.resolve()
      await held.promise
    }
    // Ours has loaded the account; the other one is asked the same, and is faster.
    const repeated = ours.bus.dispatch(known)
    await sending.promise
    await other.bus.dispatch(known)
    const next = ours.bus.dispatch(withdraw({ accountId: 'a', amount: 50 }))
    held.resolve()
    expect(await repeated).toMatchObject({ duplicate: true, version: 2 })
    expect(await next).toMatchObject({ duplicate: false, version: 3 })
  })

  it('decides the rest of a group again when one of it took effect before', async () => {
    const bank = openBank()
    await openAccount(bank)
    const known = deposit({ accountId: 'a', amount: 1 })
    await bank.bus.dispatch(known)
    const other = openBank({}, bank.store)
    const outcomes = await Promise.allSettled([
      other.bus.dispatch(deposit({ accountId: 'a', amount: 10 })),
      other.bus.dispatch(known),
      other.bus.dispatch(withdraw({ accountId: 'a', amount: 12 })),
      other.bus.dispatch(withdraw({ accountId: 'a', amount: 11 })),
    ])
    // Counted twice, the known deposit would let the 12 pass.
    expect(outcomes.map((o) => o.status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled'])
    expect(outcomes[1]).toMatchObject({ value: { version: 2, duplicate: true } })
    expect(await eventsOf(bank)).toHaveLength(4)
  })
})

describe('an expected version', () => {
  it('is checked at the decision and refused with the actual version, without another try', async () => {
    const bank = openBank()
    await openAccount(bank)
    await expect(bank.bus.dispatch(deposit({ accountId: 'a', amount: 1 }), { expectedVersion: 0 })).rejects.toMatchObject({
      code: 'CAIRN_VERSION_CONFLICT',
      expected: 0,
      actual: 1,
    })
    expect(bank.store.counts.append).toBe(1)
    expect(await bank.bus.dispatch(deposit({ accountId: 'a', amount: 1 }), { expectedVersion: 1 })).toMatchObject({ version: 2 })
    await expect(bank.bus.dispatch(deposit({ accountId: 'new', amount: 1 }), { expectedVersion: 'exists' })).rejects.toBeInstanceOf(
      VersionConflictError,
    )
    expect(await bank.bus.dispatch(deposit({ accountId: 'a', amount: 1 }), { expectedVersion: 'any' })).toMatchObject({ version: 3 })
  })

  it('lets one of 16 racers win, on new and on existing aggregates, each of the others hearing the actual version', async () => {
    const inner = new InMemoryEventStore()
    const banks = Array.from({ length: 4 }, () => openBank({}, inner))
    const [first] = banks
    if (first === undefined) throw new Error('no bank')
    for (let round = 0; round < 50; round++) {
      const accountId = `a${round % 25}`
      const expectedVersion = round < 25 ? 0 : 1
      const outcomes = await Promise.allSettled(
        banks.flatMap(({ bus }) => [1, 2, 3, 4].map((amount) => bus.dispatch(deposit({ accountId, amount }), { expectedVersion }))),
      )
      const refused = outcomes.filter((o) => o.status === 'rejected')
      expect(refused).toHaveLength(15)
      for (const { reason } of refused) expect(reason).toMatchObject({ code: 'CAIRN_VERSION_CONFLICT', actual: expectedVersion + 1 })
    }
  })

  it('is checked in a group against the version that the commands before it leave', async () => {
    const bank = openBank()
    await openAccount(bank)
    const outcomes = await Promise.allSettled([
      bank.bus.dispatch(deposit({ accountId: 'a', amount: 1 })),
      bank.bus.dispatch(deposit({ accountId: 'a', amount: 1 })),
      bank.bus.dispatch(deposit({ accountId: 'a', amount: 1 }), { expectedVersion: 3 }),
      bank.bus.dispatch(deposit({ accountId: 'a', amount: 1 }), { expectedVersion: 3 }),
    ])
    expect(outcomes.map((o) => o.status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected'])
  })

  it('goes before "exists already" where a create names one', async () => {
    const bank = openBank()
    await openAccount(bank)
    await expect(bank.bus.dispatch(open({ accountId: 'a', owner: 'bob' }), { expectedVersion: 0 })).rejects.toBeInstanceOf(
      VersionConflictError,
    )
    await expect(bank.bus.dispatch(open({ accountId: 'a', owner: 'bob' }))).rejects.toBeInstanceOf(AggregateExistsError)
  })
})
