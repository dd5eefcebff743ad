import { uuidv7, type Command } from '@cairn/core'
import { expect } from 'vitest'
import { appendOf, changeTo, commandIn } from '../command-store/given.ts'
import { contractGroup } from '../contract-case.ts'
import { refusal } from '../observe.ts'
import type { CommandQueueContext } from './context.ts'

function otherContent(command: Command): Command {
  return { ...command, payload: { other: uuidv7() } }
}

export const commandIds = contractGroup<CommandQueueContext>('an id of a command', {
  'that is stored is refused to an append with other content, and to a look-up': async ({ store, events, tenantId }) => {
    const stored = await store.upsert(commandIn(tenantId), { dueAt: new Date(Date.now() + 3_600_000) })
    const other = appendOf(otherContent(stored.command))
    await refusal('CAIRN_COMMAND_ID_REUSED', events.append(other))
    await refusal(
      'CAIRN_COMMAND_ID_REUSED',
      events.transaction(tenantId, async (tx) => tx.append(other)),
    )
    if (other.command !== undefined) await refusal('CAIRN_COMMAND_ID_REUSED', events.resultOf(tenantId, other.command))
    expect(await events.existsAll([other.stream])).toBe(false)
    expect(await store.getById(tenantId, stored.command.id)).toEqual(stored)
  },

  'that is stored is taken by an append with the same content': async ({ store, events, tenantId }) => {
    const { command } = await store.upsert(commandIn(tenantId))
    const request = appendOf(command)
    if (request.command !== undefined) expect(await events.resultOf(tenantId, request.command)).toBeUndefined()
    expect(await events.append(request)).toMatchObject({ version: 1, duplicate: false })
    expect(await events.append(request)).toMatchObject({ version: 1, duplicate: true })
    expect((await store.getById(tenantId, command.id))?.command).toEqual(command)
  },

  'whose effect is in the log is refused to a command with other content': async ({ store, events, transaction, tenantId }) => {
    const command = commandIn(tenantId)
    await events.append(appendOf(command))
    const other = otherContent(command)
    await refusal('CAIRN_COMMAND_ID_REUSED', store.upsert(other))
    await refusal('CAIRN_COMMAND_ID_REUSED', store.handOver(other))
    await refusal(
      'CAIRN_COMMAND_ID_REUSED',
      transaction(tenantId, (commands) => commands.enqueue([{ command: other }])),
    )
    expect(await store.getById(tenantId, command.id)).toBeUndefined()
  },

  'whose effect is in the log is that of a processed command with its result, however it is stored': async (context) => {
    const { store, events, transaction, tenantId } = context
    const ways: readonly ((command: Command) => Promise<unknown>)[] = [
      (command) => store.upsert(command, { dueAt: new Date(Date.now() + 3_600_000) }),
      (command) => store.handOver(command),
      (command) => transaction(tenantId, (commands) => commands.enqueue([{ command, dueAt: new Date(Date.now() + 3_600_000) }])),
    ]
    for (const way of ways) {
      for (const count of [2, 0]) {
        const command = commandIn(tenantId)
        await events.append({ ...appendOf(commandIn(tenantId, { aggregateId: command.aggregateId })), expected: 0 })
        const { version, position, events: stored } = await events.append(appendOf(command, count))
        await events.append(appendOf(commandIn(tenantId, { aggregateId: command.aggregateId })))
        await way(command)
        const result = { aggregateId: command.aggregateId, version, position, eventIds: stored.map(({ id }) => id) }
        const row = await store.getById(tenantId, command.id)
        expect(row).toMatchObject({ command, status: 'processed', attempts: 0, dueAt: undefined, result })
        await way(command)
        expect(await store.getById(tenantId, command.id)).toEqual(row)
      }
    }
    expect(await store.claim(tenantId, 10)).toEqual([])
  },

  'is refused to the second of two open transactions with different content': async ({ store, transaction, tenantId }) => {
    const [command, beside] = [commandIn(tenantId), commandIn(tenantId)]
    const enqueued = Promise.withResolvers<void>()
    const mayEnd = Promise.withResolvers<void>()
    const first = transaction(tenantId, async (commands) => {
      await commands.enqueue([{ command }])
      enqueued.resolve()
      await mayEnd.promise
    })
    await enqueued.promise
    const second = transaction(tenantId, async (commands) => {
      await commands.enqueue([{ command: beside }])
      // It may wait for the first, or find out at its own end.
      const put = commands.enqueue([{ command: otherContent(command) }])
      mayEnd.resolve()
      await Promise.all([first, put])
    })
    await refusal('CAIRN_COMMAND_ID_REUSED', second)
    expect(await store.getById(tenantId, command.id)).toMatchObject({ command, status: 'pending' })
    expect(await store.getById(tenantId, beside.id)).toBeUndefined()
  },

  'stands for one content in one transaction too': async ({ store, events, tenantId }) => {
    const command = commandIn(tenantId)
    const other = appendOf(otherContent(command))
    for (const first of ['append', 'enqueue']) {
      const work = events.transaction(tenantId, async (tx) => {
        if (first === 'append') tx.append(other)
        await tx.commands.enqueue([{ command }])
        if (first === 'enqueue') tx.append(other)
      })
      await refusal('CAIRN_COMMAND_ID_REUSED', work)
    }
    expect(await store.getById(tenantId, command.id)).toBeUndefined()
    expect(await events.existsAll([other.stream])).toBe(false)
  },

  'that was put aside stands for nothing when the transaction’s appends are refused': async ({ store, events, tenantId }) => {
    const [stored, fresh] = [commandIn(tenantId), commandIn(tenantId)]
    const before = await store.upsert(stored)
    const work = events.transaction(tenantId, async (tx) => {
      await tx.commands.enqueue([{ command: fresh }])
      await tx.commands.cancel(tenantId, [stored.id])
      tx.append({ ...appendOf(commandIn(tenantId)), expected: 7 })
    })
    await refusal('CAIRN_VERSION_CONFLICT', work)
    expect(await store.getById(tenantId, fresh.id)).toBeUndefined()
    expect(await store.getById(tenantId, stored.id)).toEqual(before)
  },

  'whose effect is in the log is not withdrawn or cancelled any more': async ({ store, events, transaction, tenantId }) => {
    const { command } = await store.upsert(commandIn(tenantId))
    await events.append(appendOf(command))
    expect(await store.withdraw(tenantId, command.id)).toBe(false)
    expect(await transaction(tenantId, (commands) => commands.cancel(tenantId, [command.id]))).toBe(0)
    expect((await store.getById(tenantId, command.id))?.status).not.toBe('failed')
  },

  'whose effect is in the log is not marked failed any more': async ({ store, events, tenantId }) => {
    for (const status of ['pending', 'consumed'] as const) {
      const { command } = await store.upsert(commandIn(tenantId))
      if (status === 'consumed') await store.markStatus(tenantId, command.id, { status })
      await events.append(appendOf(command))
      const found = await store.getById(tenantId, command.id)
      await refusal('CAIRN_ILLEGAL_STATUS', store.markStatus(tenantId, command.id, changeTo.failed))
      expect(await store.getById(tenantId, command.id)).toEqual(found)
    }
  },

  'is free once its row was removed, also where it took effect': async ({ store, events, tenantId }) => {
    const { command } = await store.upsert(commandIn(tenantId))
    await events.append(appendOf(command))
    const found = await store.getById(tenantId, command.id)
    if (found?.status === 'pending') await store.markStatus(tenantId, command.id, { status: 'processed' })
    expect(await store.delete(tenantId, command.id)).toBe(true)
    expect(await store.upsert(otherContent(command))).toMatchObject({ status: 'pending' })
  },
})
