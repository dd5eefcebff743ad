import { uuidv7 } from '@cairn/core'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { contractGroup } from '../contract-case.ts'
import { commandIn, failure, idsOf } from '../command-store/given.ts'
import { refusal } from '../observe.ts'
import { leaseMs, type DueCommandsContext } from './context.ts'

export const rawRows = contractGroup<DueCommandsContext>('rows of clients', {
  'are handed out once they are admitted, and not before': async (context) => {
    const { due, store, worker, tenantId, type } = context
    await due.beat(worker, leaseMs)
    const id = await context.insert({ tenantId, type, payload: { customerId: 'c-1' } })
    expect(await due.claimDue(worker, 10)).toMatchObject({ commands: [], raw: true })
    expect(await due.raw([type], 10)).toEqual([
      { id, tenantId, type, aggregateType: undefined, aggregateId: undefined, payload: { customerId: 'c-1' }, metadata: {} },
    ])
    const command = commandIn(tenantId, { id, type, aggregateId: 'a', payload: { customerId: 'c-1', note: 'n' } })
    await due.admit([command])
    expect(await due.raw([type], 10)).toEqual([])
    expect((await due.claimDue(worker, 10)).commands).toMatchObject([{ command, status: 'consumed', attempts: 1 }])
    expect((await store.getById(tenantId, id))?.command).toEqual(command)
  },

  'come in the order in which they were written': async (context) => {
    const { due, tenantId, type } = context
    const ids: string[] = []
    for (let n = 1; n <= 5; n++) ids.push(await context.insert({ tenantId, type, payload: { n } }))
    expect((await due.raw([type], 3)).map(({ id }) => id)).toEqual(ids.slice(0, 3))
  },

  'come oldest first, whichever tenant they are of': async (context) => {
    const { due, tenantId, type } = context
    const old = await context.insert({ tenantId: `z-${tenantId}`, type, payload: {} })
    for (let n = 1; n <= 5; n++) await context.insert({ tenantId, type, payload: { n } })
    const rows = await due.raw([type], 2)
    expect(rows.map((row) => row.tenantId)).toEqual([`z-${tenantId}`, tenantId])
    expect(rows[0]?.id).toBe(old)
  },

  'keep what was written of target and metadata': async (context) => {
    const { due, tenantId, type } = context
    const row = { tenantId, type, aggregateType: 'order', aggregateId: 'a-1', payload: [1, 'x'], metadata: { userId: 'u', odd: [null] } }
    const id = await context.insert({ ...row, id: uuidv7() })
    expect(await due.raw([type], 10)).toEqual([{ id, ...row }])
  },

  'are admitted once: what was admitted or refused stays': async (context) => {
    const { due, store, tenantId, type } = context
    const [one, two] = [await context.insert({ tenantId, type, payload: {} }), await context.insert({ tenantId, type, payload: {} })]
    await due.admit([commandIn(tenantId, { id: one, type, aggregateId: 'a' })])
    await due.refuse([{ tenantId, id: two, error: failure }])
    await due.admit([commandIn(tenantId, { id: one, type, aggregateId: 'b' }), commandIn(tenantId, { id: two, type, aggregateId: 'b' })])
    expect((await store.getById(tenantId, one))?.command.aggregateId).toBe('a')
    expect(await store.getById(tenantId, two)).toMatchObject({ status: 'failed', error: failure })
    expect(await due.raw([type], 10)).toEqual([])
  },

  'stand for nothing that another command may be: their ids are in use': async ({ store, insert, tenantId, type }) => {
    const id = await insert({ tenantId, type, payload: {} })
    await refusal('CAIRN_COMMAND_ID_REUSED', store.upsert(commandIn(tenantId, { id, type, payload: {} })))
    await refusal('CAIRN_COMMAND_ID_REUSED', store.handOver(commandIn(tenantId, { id, type, payload: {} })))
  },

  'that cannot be kept are told apart when they are admitted, and the others are admitted': async (context) => {
    const { due, store, tenantId, type } = context
    const ids = [await context.insert({ tenantId, type, payload: {} }), await context.insert({ tenantId, type, payload: {} })]
    const [large = '', fit = ''] = ids
    const unfit = await due.admit([
      commandIn(tenantId, { id: large, type, aggregateId: 'a', payload: 'x'.repeat(1_048_577) }),
      commandIn(tenantId, { id: fit, type, aggregateId: 'b' }),
    ])
    expect(unfit).toMatchObject([{ tenantId, id: large, error: { code: 'CAIRN_PAYLOAD_TOO_LARGE', retryable: false } }])
    expect((await due.raw([type], 10)).map(({ id }) => id)).toEqual([large])
    expect((await store.getById(tenantId, fit))?.command.aggregateId).toBe('b')
  },

  'and admitted ones of unknown types are told when no living worker has known them for long enough': async (context) => {
    const { due, store, worker, otherWorker, tenantId, type } = context
    const unknown = `order.unknown${uuidv7()}`
    await due.beat(worker, leaseMs)
    const raw = await context.insert({ tenantId, type: unknown, payload: {} })
    const stored = await context.given('a', { type: unknown })
    const later = await context.given('b', { type: unknown, dueAt: new Date(Date.now() + 3_600_000) })
    const known = await context.given('c')
    await sleep(60)
    const found = async (graceMs: number): Promise<readonly string[]> =>
      (await due.unknown(graceMs, 1_000))
        .filter((one) => one.tenantId === tenantId)
        .map(({ id }) => id)
        .toSorted()
    expect(await found(60_000)).toEqual([])
    expect(await found(50)).toEqual([raw, stored].toSorted())
    await due.beat({ ...otherWorker, types: [type, unknown] }, leaseMs)
    expect(await found(50)).toEqual([])
    await due.leave(otherWorker.id)
    // They were known until now: another who knows them may be about to start.
    expect(await found(10_000)).toEqual([])
    await sleep(60)
    await due.refuse((await found(50)).map((id) => ({ tenantId, id, error: failure })))
    for (const id of [raw, stored]) expect(await store.getById(tenantId, id)).toMatchObject({ status: 'failed', error: failure })
    expect((await store.getById(tenantId, later))?.status).toBe('pending')
    expect(idsOf((await due.claimDue(worker, 10)).commands)).toEqual([known])
  },

  'that somebody took are not refused any more': async (context) => {
    const { due, store, worker, tenantId } = context
    await due.beat(worker, leaseMs)
    const id = await context.given('a')
    await due.claimDue(worker, 10)
    await due.refuse([{ tenantId, id, error: failure }])
    expect((await store.getById(tenantId, id))?.status).toBe('consumed')
  },
})
