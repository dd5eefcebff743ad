import { commandStatusMoves, uuidv7, type CommandStatus } from '@cairn/core'
import { expect } from 'vitest'
import { contractGroup } from '../contract-case.ts'
import { canonicalJson, refusal, upTo } from '../observe.ts'
import type { CommandStoreContext } from './context.ts'
import { changeTo, commandIn, failure, givenPending, givenStatus } from './given.ts'

const all: readonly CommandStatus[] = ['pending', 'consumed', 'processed', 'failed']
const moves = all.flatMap((from) => all.map((to) => ({ from, to, legal: commandStatusMoves[from].includes(to) })))

export const statuses = contractGroup<CommandStoreContext>('markStatus', {
  ...Object.fromEntries(
    moves.map(({ from, to, legal }) => [
      `${legal ? 'moves' : 'refuses to move'} a command from ${from} to ${to}`,
      async (context: CommandStoreContext) => {
        const { store, tenantId } = context
        const before = await givenStatus(context, from)
        const { id } = before.command
        if (legal) {
          const after = await store.markStatus(tenantId, id, changeTo[to])
          const attempts = before.attempts + (to === 'consumed' ? 1 : 0)
          expect(after).toMatchObject({ command: before.command, status: to, attempts, createdAt: before.createdAt })
          expect(after.updatedAt.getTime()).toBeGreaterThanOrEqual(before.updatedAt.getTime())
          expect(await store.getById(tenantId, id)).toEqual(after)
        } else {
          const error = await refusal('CAIRN_ILLEGAL_STATUS', store.markStatus(tenantId, id, changeTo[to]))
          expect(error.details).toMatchObject({ commandId: id, from, to })
          expect(await store.getById(tenantId, id)).toEqual(before)
        }
      },
    ]),
  ),

  'refuses to move a command that is not stored': async ({ store, tenantId }) => {
    for (const status of all) {
      const id = uuidv7()
      await refusal('CAIRN_ILLEGAL_STATUS', store.markStatus(tenantId, id, changeTo[status]))
      expect(await store.getById(tenantId, id)).toBeUndefined()
    }
  },

  'keeps the result of a processed command, of any JSON kind': async (context) => {
    const { store, tenantId } = context
    const results: readonly unknown[] = [
      { events: ['ü🙂'], position: 7 },
      [],
      [null],
      'text',
      '',
      0,
      false,
      null,
      JSON.parse('{"__proto__": 1}'),
    ]
    for (const result of results) {
      const { command } = await givenStatus(context, 'consumed')
      const processed = await store.markStatus(tenantId, command.id, { status: 'processed', result })
      expect(canonicalJson(processed.result ?? null)).toBe(canonicalJson(result))
      expect(await store.getById(tenantId, command.id)).toEqual(processed)
      expect(processed.error).toBeUndefined()
    }
  },

  'lets a command be processed without a result': async (context) => {
    const { command } = await givenStatus(context, 'consumed')
    const processed = await context.store.markStatus(context.tenantId, command.id, { status: 'processed' })
    expect(processed.result ?? null).toBeNull()
  },

  'keeps the error of a failed command': async (context) => {
    const { store, tenantId } = context
    for (const error of [failure, { ...failure, retryable: true, details: { orderId: 'o-1', nested: [1, null] } }]) {
      const { command } = await givenStatus(context, 'consumed')
      const failed = await store.markStatus(tenantId, command.id, { status: 'failed', error })
      expect(failed.error).toEqual(error)
      expect(failed.result ?? null).toBeNull()
      expect(await store.getById(tenantId, command.id)).toEqual(failed)
    }
  },

  'lets a command that was given back be claimed again': async (context) => {
    const { store, tenantId } = context
    const [pending] = await givenPending(context, 1)
    const id = pending?.command.id ?? ''
    for (const attempts of upTo(3)) {
      expect(await store.claim(tenantId, 1)).toMatchObject([{ command: { id }, status: 'consumed', attempts }])
      expect(await store.markStatus(tenantId, id, { status: 'pending' })).toMatchObject({ status: 'pending', attempts })
    }
  },

  'lets one of 16 racers finish a command, and shows what that one said': async (context) => {
    const { store, rival, tenantId } = context
    for (let round = 0; round < 5; round++) {
      const { command } = await givenStatus(context, 'consumed')
      const outcomes = await Promise.allSettled(
        upTo(16).map((n) => (n % 2 === 0 ? store : rival).markStatus(tenantId, command.id, { status: 'processed', result: { n } })),
      )
      const winners = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
      expect(winners).toHaveLength(1)
      for (const outcome of outcomes)
        if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'CAIRN_ILLEGAL_STATUS' })
      expect(await store.getById(tenantId, command.id)).toEqual(winners[0])
    }
  },

  'moves one command and no other': async (context) => {
    const { store, tenantId } = context
    const [first, second] = await givenPending(context, 2)
    await store.markStatus(tenantId, first?.command.id ?? '', changeTo.failed)
    expect(await store.getById(tenantId, second?.command.id ?? '')).toEqual(second)
    expect(await store.upsert(commandIn(tenantId))).toMatchObject({ status: 'pending' })
  },
})
