import { DatabaseUnavailableError, InProcessScheduler, StatementStoppedError, UnsafeDatabaseError } from '@cairn/core'
import type { Command, NewCommand } from '@cairn/core'
import { InMemoryCommandStore } from '@cairn/infra/memory'
import { describe, expect, it } from 'vitest'
import { accountCommands } from './account.ts'
import { eventsOf, openAccount, openBank, turn } from './bank.ts'

const { deposit, withdraw } = accountCommands

function toCommand({ id, type, aggregateType, aggregateId, payload }: NewCommand): Command {
  return {
    id,
    tenantId: 't',
    type,
    aggregateType,
    aggregateId,
    payload,
    metadata: { correlationId: id, causationId: id, schemaVersion: 1 },
  }
}

async function open() {
  const bank = openBank()
  await openAccount(bank)
  const commands = new InMemoryCommandStore()
  return { bank, commands, scheduler: new InProcessScheduler(commands, bank.bus) }
}

describe('InProcessScheduler', () => {
  it('runs a command and keeps its result', async () => {
    const { scheduler, commands, bank } = await open()
    const command = toCommand(deposit({ accountId: 'a', amount: 1 }))
    const row = await scheduler.schedule(command)
    const [, event] = await eventsOf(bank)
    expect(row).toMatchObject({
      status: 'processed',
      result: { aggregateId: 'a', version: 2, position: 2, eventIds: [event?.id] },
      error: undefined,
    })
    expect(await commands.getById('t', command.id)).toEqual(row)
  })

  it('ends a command as processed whose result is too large to be stored', async () => {
    const bank = openBank()
    await openAccount(bank)
    const scheduler = new InProcessScheduler(new InMemoryCommandStore({ maxPayloadBytes: 40 }), bank.bus)
    const row = await scheduler.schedule(toCommand(deposit({ accountId: 'a', amount: 1 })))
    expect(row).toMatchObject({ status: 'processed', result: undefined, error: undefined })
  })

  it('shows the command as consumed while it runs', async () => {
    const { scheduler, commands, bank } = await open()
    const gate = Promise.withResolvers<void>()
    bank.store.before = () => gate.promise
    const command = toCommand(deposit({ accountId: 'a', amount: 1 }))
    const done = scheduler.schedule(command)
    await turn()
    expect(await commands.getById('t', command.id)).toMatchObject({ status: 'consumed' })
    expect(await scheduler.cancel('t', command.id)).toBe(false)
    gate.resolve()
    expect(await done).toMatchObject({ status: 'processed' })
  })

  it('keeps the failure of a command that was refused', async () => {
    const { scheduler } = await open()
    const row = await scheduler.schedule(toCommand(withdraw({ accountId: 'a', amount: 1 })))
    expect(row).toMatchObject({
      status: 'failed',
      error: { code: 'CAIRN_BUSINESS_RULE', message: '1 is more than there is', retryable: false, details: { balance: 0 } },
    })
  })

  it('joins the same command on its way, and answers a finished one from its row, without running it again', async () => {
    const { scheduler, bank } = await open()
    let runs = 0
    bank.bus.use({
      process: (message, next) => {
        runs++
        return next(message)
      },
    })
    const command = toCommand(deposit({ accountId: 'a', amount: 1 }))
    const [first, second] = await Promise.all([scheduler.schedule(command), scheduler.schedule(command)])
    expect(second).toEqual(first)
    expect(runs).toBe(1)
    expect(await scheduler.schedule(command)).toEqual(first)
    expect(runs).toBe(1)
    await expect(scheduler.schedule({ ...command, payload: { amount: 2 } })).rejects.toMatchObject({ code: 'CAIRN_COMMAND_ID_REUSED' })
    expect(await eventsOf(bank)).toHaveLength(2)
  })

  it('finishes what a process left behind in the middle, without a second effect', async () => {
    const { scheduler, commands, bank } = await open()
    const command = toCommand(deposit({ accountId: 'a', amount: 1 }))
    await commands.upsert(command)
    await commands.markStatus('t', command.id, { status: 'consumed' })
    await bank.bus.dispatch(command)
    expect(await scheduler.schedule(command)).toMatchObject({ status: 'processed', result: { version: 2 } })
    expect(await eventsOf(bank)).toHaveLength(2)
  })

  it('agrees with another scheduler that runs the same command', async () => {
    const { scheduler, commands, bank } = await open()
    const other = new InProcessScheduler(commands, openBank({}, bank.store).bus)
    const command = toCommand(deposit({ accountId: 'a', amount: 1 }))
    const rows = await Promise.all([scheduler.schedule(command), other.schedule(command)])
    expect(rows.map((row) => [row.status, row.result])).toEqual([1, 2].map(() => ['processed', expect.objectContaining({ version: 2 })]))
    expect(await eventsOf(bank)).toHaveLength(2)
  })

  it.each([
    ['away', new DatabaseUnavailableError('a load', undefined)],
    ['a standby', new UnsafeDatabaseError('This server is a standby.', 'Connect to the primary.')],
  ])('gives a command back, and the error to the caller, while the database is %s', async (_, failure) => {
    const { scheduler, commands, bank } = await open()
    bank.store.before = () => {
      throw failure
    }
    const command = toCommand(deposit({ accountId: 'a', amount: 1 }))
    await expect(scheduler.schedule(command)).rejects.toBe(failure)
    expect(await commands.getById('t', command.id)).toMatchObject({ status: 'pending' })
    bank.store.before = () => undefined
    expect(await scheduler.schedule(command)).toMatchObject({ status: 'processed' })
  })

  it('gives back one whose statement was stopped, until it was tried ten times', async () => {
    const { scheduler, commands, bank } = await open()
    bank.store.before = () => {
      throw new StatementStoppedError('a load', '57014', undefined)
    }
    const command = toCommand(deposit({ accountId: 'a', amount: 1 }))
    for (let tries = 1; tries < 10; tries++) {
      await expect(scheduler.schedule(command)).rejects.toMatchObject({ code: 'CAIRN_STATEMENT_STOPPED' })
      expect(await commands.getById('t', command.id)).toMatchObject({ status: 'pending', attempts: tries })
    }
    expect(await scheduler.schedule(command)).toMatchObject({ status: 'failed', error: { code: 'CAIRN_STATEMENT_STOPPED' } })
  })

  it('withdraws a command that has not started', async () => {
    const { scheduler, commands } = await open()
    const command = toCommand(deposit({ accountId: 'a', amount: 1 }))
    await commands.upsert(command)
    expect(await scheduler.cancel('t', command.id)).toBe(true)
    expect(await scheduler.schedule(command)).toMatchObject({ status: 'failed', error: { code: 'CAIRN_COMMAND_CANCELLED' } })
    expect(await scheduler.cancel('t', command.id)).toBe(false)
    expect(await scheduler.cancel('t', '00000000-0000-4000-8000-000000000000')).toBe(false)
  })
})
