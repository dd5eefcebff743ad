import { expect } from 'vitest'
import { contractGroup } from '../contract-case.ts'
import { refusal, upTo } from '../observe.ts'
import type { CommandStoreContext } from './context.ts'
import { changeTo, commandIn, givenPending, givenStatus, idsOf } from './given.ts'

export const claiming = contractGroup<CommandStoreContext>('claim', {
  'takes the oldest pending commands, oldest first, and counts an attempt on each': async (context) => {
    const { store, tenantId } = context
    const pending = await givenPending(context, 5)
    const claimed = await store.claim(tenantId, 3)
    expect(idsOf(claimed)).toEqual(idsOf(pending.slice(0, 3)))
    for (const [i, stored] of claimed.entries()) {
      expect(stored).toMatchObject({ command: pending[i]?.command, status: 'consumed', attempts: 1, createdAt: pending[i]?.createdAt })
      expect(await store.getById(tenantId, stored.command.id)).toEqual(stored)
    }
    expect(idsOf(await store.claim(tenantId, 10))).toEqual(idsOf(pending.slice(3)))
  },

  'takes nothing where nothing is pending': async (context) => {
    const { store, tenantId } = context
    expect(await store.claim(tenantId, 10)).toEqual([])
    for (const status of ['consumed', 'processed', 'failed'] as const) await givenStatus(context, status)
    expect(await store.claim(tenantId, 10)).toEqual([])
  },

  'never gives one command to two claimers': async (context) => {
    const { store, rival, tenantId } = context
    const pending = await givenPending(context, 100)
    const claims = await Promise.all(upTo(16).map((n) => (n % 2 === 0 ? store : rival).claim(tenantId, 10)))
    const got = claims.flatMap(idsOf)
    expect(new Set(got).size).toBe(got.length)
    for (const claim of claims) expect(claim.length).toBeLessThanOrEqual(10)
    // Claimers that met may have come back with less than they asked for; nothing is left behind by the next ones.
    const rest: string[] = []
    for (let more = await store.claim(tenantId, 50); more.length > 0; more = await store.claim(tenantId, 50)) {
      rest.push(...idsOf(more))
      expect(rest.length).toBeLessThanOrEqual(pending.length)
    }
    expect([...got, ...rest].toSorted()).toEqual(idsOf(pending).toSorted())
    for (const stored of await store.query({ tenantId })) expect(stored).toMatchObject({ status: 'consumed', attempts: 1 })
  },

  'takes a command that was given back': async (context) => {
    const { store, tenantId } = context
    const pending = await givenPending(context, 3)
    const [first] = await store.claim(tenantId, 3)
    await store.markStatus(tenantId, first?.command.id ?? '', changeTo.pending)
    expect(await store.claim(tenantId, 3)).toMatchObject([{ command: pending[0]?.command, attempts: 2 }])
  },

  'takes only the tenant’s own commands': async (context) => {
    const { store, tenantId, otherTenantId } = context
    await givenPending(context, 2)
    const { command } = await store.upsert(commandIn(otherTenantId))
    expect(idsOf(await store.claim(otherTenantId, 10))).toEqual([command.id])
    expect(await store.claim(tenantId, 10)).toHaveLength(2)
  },

  'refuses a limit that is not a whole number from 1 on': async (context) => {
    await givenPending(context, 1)
    for (const limit of [0, -1, 1.5, Number.NaN]) await refusal('CAIRN_INVALID_INPUT', () => context.store.claim(context.tenantId, limit))
    expect(await context.store.claim(context.tenantId, 1)).toHaveLength(1)
  },
})
