import { causedBy, CommandBus, EventBus, Policies, Registry, StoppedError } from '@cairn/core'
import type { Command, CommandHandler, CommandMessage, NewCommand, RecordedEvent } from '@cairn/core'
import { InMemoryEventStore } from '@cairn/infra/memory'
import { beforeEach, describe, expect, it } from 'vitest'
import { accountCommands, accountEvents, banking, flakiness } from './account.ts'
import { eventsOf, openAccount, openBank, turn } from './bank.ts'

const { open, deposit, note, noteAll, withdraw } = accountCommands

/** What JSON from outside may bring: no factory made it. */
function stored(command: NewCommand, changes: Partial<Command> = {}): Command {
  const { id, type, aggregateType, aggregateId, payload } = command
  const metadata = { correlationId: id, causationId: id, schemaVersion: 1 }
  return { id, tenantId: 't', type, aggregateType, aggregateId, payload, metadata, ...changes }
}

describe('dispatch', () => {
  it('answers with the recorded events, version and position, and fills in defaults', async () => {
    const bank = openBank()
    const result = await bank.bus.dispatch(open({ accountId: 'a', owner: 'ann' }))
    expect(result).toMatchObject({ aggregateId: 'a', version: 1, position: 1, duplicate: false })
    expect(result.events).toMatchObject([
      { type: 'account.opened', payload: { owner: 'ann', currency: 'EUR' }, version: 1, position: 1, tenantId: 't' },
    ])
  })

  it('refuses a payload that does not fit, with its paths, and stores nothing', async () => {
    const bank = openBank()
    const command = stored(deposit({ accountId: 'a', amount: 1 }), { payload: { amount: 'much' } })
    await expect(bank.bus.dispatch(command)).rejects.toMatchObject({ code: 'CAIRN_SCHEMA_VALIDATION', issues: [{ path: 'amount' }] })
    expect(bank.store.counts).toMatchObject({ load: 0, append: 0 })
  })

  it.each([
    ['a command id that is no UUID', { id: 'nope' }, 'CAIRN_INVALID_INPUT'],
    ['an empty aggregate id', { aggregateId: '' }, 'CAIRN_INVALID_INPUT'],
    ['another aggregate type than its own', { aggregateType: 'invoice' }, 'CAIRN_INVALID_INPUT'],
    ['an unknown type', { type: 'account.depositt' }, 'CAIRN_UNKNOWN_TYPE'],
  ])('refuses %s once, without asking the store', async (_, changes, code) => {
    const bank = openBank()
    await expect(bank.bus.dispatch(stored(deposit({ accountId: 'a', amount: 1 }), changes))).rejects.toMatchObject({
      code,
      retryable: false,
    })
    expect(bank.store.counts).toEqual({ append: 0, appendGroup: 0, load: 0, resultOf: 0 })
  })

  it('names the nearest command when nobody handles one', async () => {
    const { bus } = openBank()
    await expect(bus.dispatch(stored(deposit({ accountId: 'a', amount: 1 }), { type: 'account.depositt' }))).rejects.toThrow(
      'Did you mean "account.deposit"?',
    )
  })

  it('wants a tenant, and refuses a command of another one', async () => {
    const { bus } = openBank({ defaultTenantId: undefined })
    await expect(bus.dispatch(deposit({ accountId: 'a', amount: 1 }))).rejects.toMatchObject({ code: 'CAIRN_TENANT_MISSING' })
    const command = stored(deposit({ accountId: 'a', amount: 1 }), { tenantId: 'other' })
    await expect(bus.dispatch(command, { tenantId: 't' })).rejects.toMatchObject({ code: 'CAIRN_TENANT_MISMATCH', retryable: false })
    expect(await bus.dispatch(command)).toMatchObject({ events: [{ tenantId: 'other' }] })
  })

  it('does not let a middleware carry a command into another tenant', async () => {
    const { bus, store } = openBank()
    bus.use({ process: (message, next) => next({ ...message, command: { ...message.command, tenantId: 'other' } }) })
    await expect(bus.dispatch(deposit({ accountId: 'a', amount: 1 }))).rejects.toMatchObject({ code: 'CAIRN_TENANT_MISMATCH' })
    expect(store.counts.append).toBe(0)
  })

  it('keeps the tenants apart', async () => {
    const { bus } = openBank()
    await bus.dispatch(open({ accountId: 'a', owner: 'ann' }), { tenantId: 'one' })
    expect(await bus.dispatch(open({ accountId: 'a', owner: 'bob' }), { tenantId: 'two' })).toMatchObject({ version: 1 })
  })

  it('gives an error of the domain as it is, with the log unchanged', async () => {
    const bank = openBank()
    await openAccount(bank)
    await expect(bank.bus.dispatch(withdraw({ accountId: 'a', amount: 1 }))).rejects.toMatchObject({
      code: 'CAIRN_BUSINESS_RULE',
      retryable: false,
      details: { balance: 0 },
    })
    expect(await eventsOf(bank)).toHaveLength(1)
  })

  it('refuses commands for a closed stream', async () => {
    const bank = openBank()
    await openAccount(bank)
    await bank.store.close({ tenantId: 't', aggregateType: 'account', aggregateId: 'a' })
    await expect(bank.bus.dispatch(deposit({ accountId: 'a', amount: 1 }))).rejects.toMatchObject({ code: 'CAIRN_STREAM_CLOSED' })
  })

  it('takes no new commands once it was stopped, and ends those on their way', async () => {
    const bank = openBank()
    await openAccount(bank)
    const gate = Promise.withResolvers<void>()
    bank.store.before = (call) => (call === 'append' ? gate.promise : undefined)
    const onTheWay = bank.bus.dispatch(deposit({ accountId: 'a', amount: 1 }))
    let ended = false
    const stopped = bank.bus.stop().then(() => (ended = true))
    await expect(bank.bus.dispatch(deposit({ accountId: 'a', amount: 1 }))).rejects.toBeInstanceOf(StoppedError)
    await turn()
    expect(ended).toBe(false)
    gate.resolve()
    await stopped
    expect(await onTheWay).toMatchObject({ version: 2 })
  })
})

describe('a refusal that the domain marks as retryable', () => {
  beforeEach(() => Object.assign(flakiness, { calls: 0, refusals: 0, retryable: true }))

  it('is tried again until it passes', async () => {
    const bank = openBank()
    await openAccount(bank)
    flakiness.refusals = 2
    expect(await bank.bus.dispatch(accountCommands.flaky({ accountId: 'a' }))).toMatchObject({ version: 2 })
    expect(flakiness.calls).toBe(3)
  })

  it('is reported when it does not pass within the limit', async () => {
    const bank = openBank({ maxRetries: 3 })
    await openAccount(bank)
    flakiness.refusals = 100
    await expect(bank.bus.dispatch(accountCommands.flaky({ accountId: 'a' }))).rejects.toMatchObject({
      code: 'CAIRN_BUSINESS_RULE',
      retryable: true,
    })
    expect(flakiness.calls).toBe(4)
  })

  it('(negative control) is final when it is not marked', async () => {
    const bank = openBank()
    await openAccount(bank)
    Object.assign(flakiness, { refusals: 1, retryable: false })
    await expect(bank.bus.dispatch(accountCommands.flaky({ accountId: 'a' }))).rejects.toThrow('not now')
    expect(flakiness.calls).toBe(1)
  })

  it('does not hold up the commands behind it', async () => {
    const gate = Promise.withResolvers<void>()
    const bank = openBank({ backoff: () => gate.promise })
    await openAccount(bank)
    flakiness.refusals = 1
    const flaky = bank.bus.dispatch(accountCommands.flaky({ accountId: 'a' }))
    expect(await bank.bus.dispatch(deposit({ accountId: 'a', amount: 1 }))).toMatchObject({ version: 2 })
    gate.resolve()
    expect(await flaky).toMatchObject({ version: 3 })
  })
})

describe('metadata', () => {
  it('carries one correlation through three hops, each cause being its direct parent, and loses nothing on the way', async () => {
    const { bus } = openBank()
    const root = open({ accountId: 'a', owner: 'ann' })
    const options = { userId: 'u', role: 'clerk', correlationId: 'request-7', tags: ['x'], metadata: { experiment: { arm: 2 } } }
    const first = await bus.dispatch(root, options)
    const second = deposit({ accountId: 'a', amount: 1 })
    const [opened] = first.events
    if (opened === undefined) throw new Error('no event')
    const [deposited] = (await bus.dispatch(second, causedBy(opened))).events
    if (deposited === undefined) throw new Error('no event')
    const third = withdraw({ accountId: 'a', amount: 1 })
    const [withdrawn] = (await bus.dispatch(third, causedBy(deposited))).events
    const common = { correlationId: 'request-7', userId: 'u', role: 'clerk', tags: ['x'], experiment: { arm: 2 }, schemaVersion: 1 }
    expect(opened.metadata).toEqual({ ...common, causationId: root.id })
    expect(deposited.metadata).toEqual({ ...common, causationId: second.id })
    expect(withdrawn?.metadata).toEqual({ ...common, causationId: third.id })
  })

  it("names the event as the command's cause, and the command's id as the correlation of a root", async () => {
    const seen: Command[] = []
    const { bus } = openBank()
    bus.use({
      process: (message, next) => {
        seen.push(message.command)
        return next(message)
      },
    })
    const root = open({ accountId: 'a', owner: 'ann' })
    const [opened] = (await bus.dispatch(root, { actor: 'u' })).events
    if (opened === undefined) throw new Error('no event')
    await bus.dispatch(deposit({ accountId: 'a', amount: 1 }), causedBy(opened))
    expect(seen.map((c) => c.metadata)).toEqual([
      { correlationId: root.id, causationId: root.id, userId: 'u', schemaVersion: 1 },
      { correlationId: root.id, causationId: opened.id, userId: 'u', schemaVersion: 1 },
    ])
  })
})

describe('policies on the bus', () => {
  it('denies by default as soon as one policy exists', async () => {
    const policies = new Policies()
    const { bus, store } = openBank({ policies })
    await bus.dispatch(open({ accountId: 'a', owner: 'ann' }))
    policies.allow('account.deposit', { roles: ['clerk'] })
    await expect(bus.dispatch(deposit({ accountId: 'a', amount: 1 }))).rejects.toMatchObject({ code: 'CAIRN_NOT_AUTHORIZED' })
    await expect(bus.dispatch(withdraw({ accountId: 'a', amount: 1 }), { role: 'clerk' })).rejects.toMatchObject({
      code: 'CAIRN_NOT_AUTHORIZED',
    })
    expect(await bus.dispatch(deposit({ accountId: 'a', amount: 1 }), { role: 'clerk' })).toMatchObject({ version: 2 })
    expect(store.counts.load).toBe(2)
  })

  it('asks a condition about the command, its tenant and its sender', async () => {
    const policies = new Policies()
      .registerCondition(
        'small',
        ({ command }) => accountCommands.deposit.type === command.type && JSON.stringify(command.payload).length < 20,
      )
      .allow('account.open')
      .allow('account.*', { when: ['small', ({ userId, tenantId }) => userId === 'u' && tenantId === 't'] })
    const { bus } = openBank({ policies })
    await bus.dispatch(open({ accountId: 'a', owner: 'ann' }))
    const amount = 1
    expect(await bus.dispatch(deposit({ accountId: 'a', amount }), { userId: 'u' })).toMatchObject({ version: 2 })
    await expect(bus.dispatch(deposit({ accountId: 'a', amount }), { userId: 'v' })).rejects.toMatchObject({ code: 'CAIRN_NOT_AUTHORIZED' })
    await expect(bus.dispatch(deposit({ accountId: 'a', amount: 1_000_000_000_000 }), { userId: 'u' })).rejects.toMatchObject({
      code: 'CAIRN_NOT_AUTHORIZED',
    })
  })
})

describe('middleware around commands', () => {
  it('runs in order, may change the message and the result, and may refuse', async () => {
    const { bus } = openBank()
    const calls: string[] = []
    const named = (name: string) => ({
      process: async (message: CommandMessage, next: (message: CommandMessage) => ReturnType<CommandBus['dispatch']>) => {
        calls.push(`${name} in`)
        const result = await next({ ...message, command: { ...message.command, metadata: { ...message.command.metadata, [name]: true } } })
        calls.push(`${name} out`)
        return result
      },
    })
    bus.use(named('outer')).use(named('inner'))
    const { events } = await bus.dispatch(open({ accountId: 'a', owner: 'ann' }))
    expect(calls).toEqual(['outer in', 'inner in', 'inner out', 'outer out'])
    expect(events[0]?.metadata).toMatchObject({ outer: true, inner: true })
    bus.use({ process: () => Promise.reject(new Error('closed for today')) })
    await expect(bus.dispatch(deposit({ accountId: 'a', amount: 1 }))).rejects.toThrow('closed for today')
  })
})

describe('handlers of the class style', () => {
  it('get the commands that no aggregate handles', async () => {
    const sent: unknown[] = []
    const mailer: CommandHandler<Command<'mail.send'>> = {
      supports: (command): command is Command<'mail.send'> => command.type === 'mail.send',
      handle: (command) => void sent.push(command.payload),
    }
    const { bus } = openBank()
    bus.register(mailer)
    const mail = stored(deposit({ accountId: 'a', amount: 1 }), { type: 'mail.send', aggregateType: 'mail', payload: { to: 'ann' } })
    expect(await bus.dispatch(mail)).toMatchObject({ events: [], version: 0 })
    expect(sent).toEqual([{ to: 'ann' }])
  })
})

describe('events after a command', () => {
  it('reach the handlers after they were stored and before the caller has its answer', async () => {
    const eventBus = new EventBus()
    const store = new InMemoryEventStore()
    const bus = new CommandBus({ store, models: new Registry([banking]).aggregates, eventBus, defaultTenantId: 't' })
    const seen: { type: string; stored: number }[] = []
    eventBus.subscribe('account.*', async (event) => {
      await new Promise((resolve) => setTimeout(resolve, 5))
      seen.push({ type: event.type, stored: (await store.load({ tenantId: 't', aggregateType: 'account', aggregateId: 'a' })).version })
    })
    await bus.dispatch(open({ accountId: 'a', owner: 'ann' }))
    expect(seen).toEqual([{ type: 'account.opened', stored: 1 }])
  })

  it('come in the order of their versions, also from commands that left as one group, and once per command', async () => {
    const eventBus = new EventBus()
    const bank = openBank({ eventBus })
    const seen: number[] = []
    eventBus.subscribe('*', (event) => void seen.push(event.version))
    await openAccount(bank)
    const commands = Array.from({ length: 20 }, () => deposit({ accountId: 'a', amount: 1 }))
    await Promise.all(commands.map((command) => bank.bus.dispatch(command)))
    await Promise.all(commands.map((command) => bank.bus.dispatch(command)))
    expect(seen).toEqual(Array.from({ length: 21 }, (_, i) => i + 1))
  })

  it('come in the order of their versions from a group whose commands have several, with handlers that take their time', async () => {
    const eventBus = new EventBus()
    const bank = openBank({ eventBus })
    const seen: number[] = []
    eventBus.subscribe('account.noted', async (event) => {
      await turn()
      seen.push(event.version)
    })
    await openAccount(bank)
    const commands = [deposit({ accountId: 'a', amount: 1 }), ...[1, 2, 3].map(() => noteAll({ accountId: 'a', texts: ['x', 'y', 'z'] }))]
    await Promise.all(commands.map((command) => bank.bus.dispatch(command)))
    expect(seen).toEqual(Array.from({ length: 9 }, (_, i) => i + 3))
  })

  it('let a handler send a command again that left in the same group, and wait for it', async () => {
    const eventBus = new EventBus()
    const bank = openBank({ eventBus })
    await openAccount(bank)
    const first = note({ accountId: 'a', text: 'first' })
    const second = note({ accountId: 'a', text: 'second' })
    const again: unknown[] = []
    eventBus.subscribe('account.noted', async (event) => {
      if (event.metadata.causationId === first.id) again.push(await bank.bus.dispatch(second))
    })
    await Promise.all([deposit({ accountId: 'a', amount: 1 }), first, second].map((command) => bank.bus.dispatch(command)))
    expect(again).toMatchObject([{ version: 4, duplicate: true }])
  })

  it('let a handler send a command to the same aggregate, and wait for it', async () => {
    const eventBus = new EventBus()
    const bank = openBank({ eventBus })
    eventBus.register({
      supports: (event: RecordedEvent) => accountEvents.opened.is(event),
      handle: async (event) => {
        await bank.bus.dispatch(deposit({ accountId: event.aggregateId, amount: 5 }), causedBy(event))
      },
    })
    await openAccount(bank)
    expect((await eventsOf(bank)).map((e) => e.type)).toEqual(['account.opened', 'account.deposited'])
  })

  it('are stored whatever a handler or a middleware of the bus does', async () => {
    const eventBus = new EventBus()
    const bank = openBank({ eventBus })
    eventBus.subscribe('*', () => {
      throw new Error('handler')
    })
    eventBus.use({ process: () => Promise.reject(new Error('middleware')) })
    await openAccount(bank)
    expect(await eventsOf(bank)).toHaveLength(1)
  })
})
