import { DatabaseUnavailableError, isCairnError, StatementStoppedError, VersionConflictError } from '@cairn/core'
import { InMemoryEventStore } from '@cairn/infra/memory'
import { describe, expect, it } from 'vitest'
import { accountCommands } from './account.ts'
import { eventsOf, openAccount, openBank, turn } from './bank.ts'

const { deposit, note, withdraw, topUp } = accountCommands

describe('commands for one aggregate in one process', () => {
  it('goes at once when nothing is in flight, and collects what arrives meanwhile into the next append', async () => {
    const bank = openBank()
    await openAccount(bank)
    const results = await Promise.all(Array.from({ length: 100 }, () => bank.bus.dispatch(deposit({ accountId: 'a', amount: 1 }))))
    expect(bank.store.groups).toEqual([1, 1, 99])
    expect(results.map((r) => r.version)).toEqual(Array.from({ length: 100 }, (_, i) => i + 2))
    expect(results.every((r) => r.events.length === 1 && r.events[0]?.version === r.version)).toBe(true)
    expect(await eventsOf(bank)).toHaveLength(101)
  })

  it('is divided where it was too much for one statement, and only one that is too much by itself is told so', async () => {
    const bank = openBank()
    await openAccount(bank)
    let appends = 0
    // The first goes by itself, the others as one; of those the second is too much alone, too.
    bank.store.before = (call) => {
      if (call === 'appendGroup' || (call === 'append' && ++appends === 3)) throw new StatementStoppedError('an append', '57014', undefined)
    }
    const sent = Array.from({ length: 5 }, (_, i) => bank.bus.dispatch(deposit({ accountId: 'a', amount: i + 1 })))
    const outcomes = await Promise.allSettled(sent)
    expect(outcomes.map((o) => (o.status === 'fulfilled' ? o.value.version : o.reason.code))).toEqual([
      2,
      3,
      'CAIRN_STATEMENT_STOPPED',
      4,
      5,
    ])
    expect((await eventsOf(bank)).slice(1).map((e) => e.payload)).toEqual([1, 2, 4, 5].map((amount) => ({ amount })))
  })

  it('gives a refused one its own error and decides those behind it as if it had not been there', async () => {
    const bank = openBank({ maxGroupCommands: 3 })
    await openAccount(bank)
    await bank.bus.dispatch(deposit({ accountId: 'a', amount: 10 }))
    const outcomes = await Promise.allSettled([
      bank.bus.dispatch(deposit({ accountId: 'a', amount: 1 })),
      bank.bus.dispatch(withdraw({ accountId: 'a', amount: 8 })),
      bank.bus.dispatch(withdraw({ accountId: 'a', amount: 8 })),
      bank.bus.dispatch(withdraw({ accountId: 'a', amount: 3 })),
      bank.bus.dispatch(deposit({ accountId: 'a', amount: 1 })),
    ])
    expect(outcomes.map((o) => o.status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
    // Had the refused one left a trace in state or version, an append would have met a conflict on the way.
    expect(bank.store.groups).toEqual([1, 1, 1, 2, 1])
    const refused = outcomes[2]
    expect(refused?.status === 'rejected' && isCairnError(refused.reason, 'CAIRN_BUSINESS_RULE') && refused.reason.details).toEqual({
      balance: 3,
    })
    expect((await eventsOf(bank)).map((e) => e.payload)).toEqual([
      { owner: 'ann', currency: 'EUR' },
      { amount: 10 },
      { amount: 1 },
      { amount: 8 },
      { amount: 3 },
      { amount: 1 },
    ])
  })

  it('remembers an accepted command without events, and answers with the version it met', async () => {
    const bank = openBank()
    await openAccount(bank)
    const command = topUp({ accountId: 'a', to: 0 })
    const first = await bank.bus.dispatch(command)
    expect(first).toMatchObject({ version: 1, position: 0, events: [], duplicate: false })
    await bank.bus.dispatch(deposit({ accountId: 'a', amount: 5 }))
    expect(await bank.bus.dispatch(command)).toMatchObject({ version: 1, position: 0, events: [], duplicate: true })
  })

  it('keeps a group within its limits', async () => {
    const bank = openBank({ maxGroupCommands: 10, maxGroupEvents: 4 })
    await openAccount(bank)
    await Promise.all(Array.from({ length: 20 }, () => bank.bus.dispatch(deposit({ accountId: 'a', amount: 1 }))))
    expect(Math.max(...bank.store.groups)).toBe(4)
    expect(await eventsOf(bank)).toHaveLength(21)
  })

  it('keeps a group within about so much JSON', async () => {
    const bank = openBank({ maxGroupSize: 60 })
    await openAccount(bank)
    await Promise.all(Array.from({ length: 20 }, () => bank.bus.dispatch(deposit({ accountId: 'a', amount: 1 }))))
    expect(Math.max(...bank.store.groups)).toBeLessThan(6)
    expect(await eventsOf(bank)).toHaveLength(21)
  })

  it('loads the aggregate once for the groups that follow each other', async () => {
    const bank = openBank()
    await openAccount(bank)
    bank.store.counts.load = 0
    await Promise.all(Array.from({ length: 50 }, () => bank.bus.dispatch(deposit({ accountId: 'a', amount: 1 }))))
    expect(bank.store.counts.load).toBe(1)
  })

  it('does not lose a command that arrives in the very turn in which the queue runs dry', async () => {
    const bank = openBank()
    await openAccount(bank)
    for (let round = 0; round < 50; round++) {
      const first = bank.bus.dispatch(deposit({ accountId: 'a', amount: 1 }))
      const chained = first.then(() => bank.bus.dispatch(deposit({ accountId: 'a', amount: 1 })))
      for (let i = 0; i < round % 7; i++) await Promise.resolve()
      const late = bank.bus.dispatch(deposit({ accountId: 'a', amount: 1 }))
      await Promise.all([first, chained, late])
    }
    expect(await eventsOf(bank)).toHaveLength(151)
  })

  it('does not wait for another aggregate', async () => {
    const bank = openBank()
    await openAccount(bank, 'held')
    await openAccount(bank, 'free')
    const gate = Promise.withResolvers<void>()
    bank.store.before = async (call) => {
      if (call === 'append') {
        bank.store.before = () => undefined
        await gate.promise
      }
    }
    const held = bank.bus.dispatch(deposit({ accountId: 'held', amount: 1 }))
    await turn()
    await bank.bus.dispatch(deposit({ accountId: 'free', amount: 1 }))
    expect(await eventsOf(bank, 'held')).toHaveLength(1)
    gate.resolve()
    await held
  })

  it('lets one command that the store refuses fail alone', async () => {
    const bank = openBank({}, new InMemoryEventStore({ maxPayloadBytes: 200 }))
    await openAccount(bank)
    const outcomes = await Promise.allSettled([
      bank.bus.dispatch(deposit({ accountId: 'a', amount: 1 })),
      bank.bus.dispatch(deposit({ accountId: 'a', amount: 2 })),
      bank.bus.dispatch(note({ accountId: 'a', text: 'x'.repeat(500) })),
      bank.bus.dispatch(deposit({ accountId: 'a', amount: 3 })),
    ])
    expect(outcomes.map((o) => (o.status === 'rejected' && isCairnError(o.reason) ? o.reason.code : o.status))).toEqual([
      'fulfilled',
      'fulfilled',
      'CAIRN_PAYLOAD_TOO_LARGE',
      'fulfilled',
    ])
    expect(await eventsOf(bank)).toHaveLength(4)
  })

  it('lets one command whose id was used for another fail alone', async () => {
    const bank = openBank()
    await openAccount(bank)
    const used = deposit({ accountId: 'a', amount: 1 })
    await bank.bus.dispatch(used)
    const outcomes = await Promise.allSettled([
      bank.bus.dispatch(deposit({ accountId: 'a', amount: 2 })),
      bank.bus.dispatch(deposit({ accountId: 'a', amount: 3 })),
      bank.bus.dispatch(deposit({ accountId: 'a', amount: 4 }, { id: used.id })),
      bank.bus.dispatch(deposit({ accountId: 'a', amount: 5 })),
    ])
    expect(outcomes.map((o) => (o.status === 'rejected' && isCairnError(o.reason) ? o.reason.code : o.status))).toEqual([
      'fulfilled',
      'fulfilled',
      'CAIRN_COMMAND_ID_REUSED',
      'fulfilled',
    ])
    expect(await eventsOf(bank)).toHaveLength(5)
  })

  it('fails none of those that did not fit into the group that failed: they are still in line', async () => {
    const bank = openBank({ maxGroupEvents: 4 })
    await openAccount(bank)
    const away = new DatabaseUnavailableError('an append', new Error('away'))
    let groups = 0
    bank.store.before = (call) => {
      if (call === 'appendGroup' && groups++ === 0) throw away
    }
    const amounts = Array.from({ length: 12 }, (_, i) => i + 1)
    const outcomes = await Promise.allSettled(amounts.map((amount) => bank.bus.dispatch(deposit({ accountId: 'a', amount }))))
    const accepted = amounts.filter((_, i) => outcomes[i]?.status === 'fulfilled')
    expect(accepted).toHaveLength(8)
    for (let turns = 0; turns < 5; turns++) await turn()
    expect((await eventsOf(bank)).slice(1).map((event) => event.payload)).toEqual(accepted.map((amount) => ({ amount })))
  })

  it('gives everybody in the group the technical error, at once and retryable, and goes on with the next', async () => {
    const bank = openBank()
    await openAccount(bank)
    bank.store.before = (call) => {
      if (call === 'append' || call === 'appendGroup') throw new DatabaseUnavailableError('an append', undefined)
    }
    const outcomes = await Promise.allSettled([1, 2, 3].map((amount) => bank.bus.dispatch(deposit({ accountId: 'a', amount }))))
    expect(
      outcomes.every((o) => o.status === 'rejected' && isCairnError(o.reason, 'CAIRN_DATABASE_UNAVAILABLE') && o.reason.retryable),
    ).toBe(true)
    bank.store.before = () => undefined
    await bank.bus.dispatch(deposit({ accountId: 'a', amount: 4 }))
    expect(await eventsOf(bank)).toHaveLength(2)
  })
})

/** Six processes, 30 commands each, one aggregate, and a store that takes its time. */
async function contend(maxAttempts: number | undefined): Promise<{ conflicts: number; events: number; lost: number }> {
  const inner = new InMemoryEventStore()
  const banks = Array.from({ length: 6 }, () => openBank({ maxAttempts, backoff: undefined }, inner))
  for (const { store } of banks) store.before = () => new Promise((resolve) => setTimeout(resolve, Math.random() * 2))
  const [first] = banks
  if (first === undefined) throw new Error('no bank')
  await openAccount(first)
  const outcomes = await Promise.allSettled(
    banks.flatMap(({ bus }) => Array.from({ length: 30 }, () => bus.dispatch(deposit({ accountId: 'a', amount: 1 })))),
  )
  const failed = outcomes.filter((o) => o.status === 'rejected')
  expect(failed.every((o) => o.reason instanceof VersionConflictError)).toBe(true)
  const events = await eventsOf(first)
  return { conflicts: failed.length, events: events.length, lost: outcomes.length - failed.length - (events.length - 1) }
}

describe('commands for one aggregate from several processes', () => {
  it('applies every command, each once, although their writers keep meeting', async () => {
    expect(await contend(undefined)).toEqual({ conflicts: 0, events: 181, lost: 0 })
  })

  it('(negative control) fails some of them when a conflict is not decided again', async () => {
    const { conflicts, lost } = await contend(1)
    expect(conflicts).toBeGreaterThan(0)
    expect(lost).toBe(0)
  })

  it('decides a whole group again after a conflict, on what the other process did', async () => {
    const inner = new InMemoryEventStore()
    const ours = openBank({}, inner)
    const theirs = openBank({}, inner)
    await openAccount(ours)
    await ours.bus.dispatch(deposit({ accountId: 'a', amount: 10 }))
    let interfered = false
    ours.store.before = async (call) => {
      if (call !== 'appendGroup' || interfered) return
      interfered = true
      await theirs.bus.dispatch(withdraw({ accountId: 'a', amount: 9 }))
    }
    const outcomes = await Promise.allSettled([
      ours.bus.dispatch(deposit({ accountId: 'a', amount: 1 })),
      ours.bus.dispatch(withdraw({ accountId: 'a', amount: 8 })),
      ours.bus.dispatch(withdraw({ accountId: 'a', amount: 2 })),
    ])
    // Before the other process, 8 and 2 could both be had; after it, only 2 were left, and 8 is refused.
    expect(interfered).toBe(true)
    expect(outcomes.map((o) => o.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect((await eventsOf(ours)).slice(1).map((e) => [e.type, e.payload])).toEqual([
      ['account.deposited', { amount: 10 }],
      ['account.deposited', { amount: 1 }],
      ['account.withdrawn', { amount: 9 }],
      ['account.withdrawn', { amount: 2 }],
    ])
  })
})
