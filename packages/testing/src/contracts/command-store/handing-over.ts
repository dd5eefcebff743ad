import { expect } from 'vitest'
import { contractGroup } from '../contract-case.ts'
import { refusal } from '../observe.ts'
import type { CommandStoreContext } from './context.ts'
import { changeTo, commandIn, givenStatus } from './given.ts'

export const handingOver = contractGroup<CommandStoreContext>('handOver', {
  'stores a command as consumed, such that nobody can claim or withdraw it': async ({ store, tenantId }) => {
    const command = commandIn(tenantId)
    const stored = await store.handOver(command)
    expect(stored).toMatchObject({ command, status: 'consumed', attempts: 1 })
    expect(await store.getById(tenantId, command.id)).toEqual(stored)
    expect(await store.claim(tenantId, 10)).toEqual([])
    expect(await store.withdraw(tenantId, command.id)).toBe(false)
    expect(await store.handOver(command)).toEqual(stored)
    expect(await store.upsert(command)).toEqual(stored)
  },

  'takes a command that is pending, once': async (context) => {
    const { store, tenantId } = context
    const { command } = await givenStatus(context, 'pending')
    const taken = await store.handOver(command)
    expect(taken).toMatchObject({ command, status: 'consumed', attempts: 1 })
    expect(await store.handOver(command)).toEqual(taken)
    expect(await store.claim(tenantId, 10)).toEqual([])
    expect(await store.markStatus(tenantId, command.id, changeTo.processed)).toMatchObject({ status: 'processed' })
  },

  'leaves one that is further on as it is': async (context) => {
    for (const status of ['consumed', 'processed', 'failed'] as const) {
      const before = await givenStatus(context, status)
      expect(await context.store.handOver(before.command)).toEqual(before)
    }
  },

  'refuses the same id with other content': async (context) => {
    const { store, tenantId } = context
    const before = await givenStatus(context, 'pending')
    await refusal('CAIRN_COMMAND_ID_REUSED', store.handOver({ ...before.command, payload: { other: true } }))
    expect(await store.getById(tenantId, before.command.id)).toEqual(before)
  },
})
