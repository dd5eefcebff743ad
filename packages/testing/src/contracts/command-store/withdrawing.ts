import { uuidv7 } from '@cairn/core'
import { expect } from 'vitest'
import { contractGroup } from '../contract-case.ts'
import { refusal } from '../observe.ts'
import type { CommandStoreContext } from './context.ts'
import { changeTo, givenPending, givenStatus } from './given.ts'

export const withdrawing = contractGroup<CommandStoreContext>('withdraw', {
  'ends a command that nobody has taken, and no other': async (context) => {
    const { store, tenantId } = context
    const [first, second] = await givenPending(context, 2)
    const id = first?.command.id ?? ''
    expect(await store.withdraw(tenantId, id)).toBe(true)
    expect(await store.getById(tenantId, id)).toMatchObject({
      status: 'failed',
      attempts: 0,
      error: { code: 'CAIRN_COMMAND_CANCELLED', retryable: false },
    })
    expect(await store.getById(tenantId, second?.command.id ?? '')).toEqual(second)
    expect(await store.withdraw(tenantId, id)).toBe(false)
  },

  'leaves what was taken, is done, or is not known, as it is': async (context) => {
    const { store, tenantId } = context
    for (const status of ['consumed', 'processed', 'failed'] as const) {
      const before = await givenStatus(context, status)
      expect(await store.withdraw(tenantId, before.command.id)).toBe(false)
      expect(await store.getById(tenantId, before.command.id)).toEqual(before)
    }
    const pending = await givenStatus(context, 'pending')
    expect(await store.withdraw(`${tenantId}-other`, pending.command.id)).toBe(false)
    expect(await store.withdraw(tenantId, uuidv7())).toBe(false)
    expect(await store.getById(tenantId, pending.command.id)).toEqual(pending)
  },

  'leaves what was taken and given back: whoever had it may be at it still': async (context) => {
    const { store, tenantId } = context
    const { command } = await givenStatus(context, 'consumed')
    const before = await store.markStatus(tenantId, command.id, changeTo.pending)
    expect(await store.withdraw(tenantId, command.id)).toBe(false)
    expect(await store.getById(tenantId, command.id)).toEqual(before)
  },

  'gives a command to one of many who withdraw it and take it at once': async (context) => {
    const { store, tenantId } = context
    for (let n = 1; n <= 10; n++) {
      const { command } = await givenStatus(context, 'pending')
      const [withdrawn, taken, again] = await Promise.all([
        store.withdraw(tenantId, command.id),
        store.claim(tenantId, 1),
        store.withdraw(tenantId, command.id),
      ])
      expect([withdrawn, taken.length === 1, again].filter(Boolean)).toHaveLength(1)
    }
  },

  'refuses what is no id': async ({ store, tenantId }) => {
    await refusal('CAIRN_INVALID_INPUT', store.withdraw(tenantId, 'c-1'))
    await refusal('CAIRN_INVALID_INPUT', store.withdraw('', uuidv7()))
  },
})
