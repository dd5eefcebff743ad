import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { contractGroup } from '../contract-case.ts'
import { appendOf, failure, idsOf } from '../command-store/given.ts'
import { claimedInTime, leaseMs, type DueCommandsContext } from './context.ts'

export const settling = contractGroup<DueCommandsContext>('settle', {
  'keeps results and errors': async (context) => {
    const { due, store, worker, tenantId } = context
    const [done, refused] = [await claimed(context, 'a'), await claimed(context, 'b')]
    await due.settle(worker.id, [
      { tenantId, id: done, status: 'processed', result: { version: 3 } },
      { tenantId, id: refused, status: 'failed', error: failure },
    ])
    expect(await store.getById(tenantId, done)).toMatchObject({
      status: 'processed',
      result: { version: 3 },
      error: undefined,
      attempts: 1,
    })
    expect(await store.getById(tenantId, refused)).toMatchObject({ status: 'failed', error: failure, result: undefined })
  },

  'holds the aggregate of a command back that is tried again, until it is, and keeps the order': async (context) => {
    const { due, store, worker, tenantId } = context
    const first = await claimed(context, 'a')
    const second = await context.given('a')
    await due.settle(worker.id, [{ tenantId, id: first, status: 'retry', error: failure, afterMs: 1_500 }])
    expect(await store.getById(tenantId, first)).toMatchObject({ status: 'pending', error: failure, attempts: 1 })
    expect((await due.claimDue(worker, 10)).commands).toEqual([])
    const commands = await claimedInTime(context)
    expect(idsOf(commands)).toEqual([first, second])
    expect(commands.map(({ attempts }) => attempts)).toEqual([2, 1])
  },

  'does not let fail what took effect, nor does a refusal': async (context) => {
    const { due, store, events, worker, tenantId } = context
    const [taken, waiting] = [await claimed(context, 'a'), await context.given('b')]
    for (const id of [taken, waiting]) {
      const stored = await store.getById(tenantId, id)
      if (stored !== undefined) await events.append(appendOf(stored.command))
    }
    await due.settle(worker.id, [{ tenantId, id: taken, status: 'failed', error: failure }])
    await due.refuse([{ tenantId, id: waiting, error: failure }])
    expect(await store.getById(tenantId, taken)).toMatchObject({ status: 'processed', error: undefined })
    const left = await store.getById(tenantId, waiting)
    expect(left?.error).toBeUndefined()
    expect(left?.status).not.toBe('failed')
  },

  'takes a command back as if it had never been claimed': async (context) => {
    const { due, store, worker, tenantId } = context
    const id = await claimed(context, 'a')
    await due.settle(worker.id, [{ tenantId, id, status: 'returned', afterMs: 0 }])
    expect(await store.getById(tenantId, id)).toMatchObject({ status: 'pending', attempts: 0, error: undefined })
    expect((await due.claimDue(worker, 10)).commands).toMatchObject([{ attempts: 1 }])
  },

  'leaves what was handed to somebody outside consumed, whatever becomes of the worker, and lets others of its aggregate go on': async (
    context,
  ) => {
    const { due, store, worker, otherWorker, tenantId } = context
    const id = await claimed(context, 'a')
    const next = await context.given('a')
    await due.settle(worker.id, [{ tenantId, id, status: 'handed' }])
    expect(idsOf((await due.claimDue(worker, 10)).commands)).toEqual([next])
    await due.leave(worker.id)
    await sleep(60)
    await due.beat(otherWorker, leaseMs, 50)
    expect(await store.getById(tenantId, id)).toMatchObject({ status: 'consumed', attempts: 1 })
    await store.markStatus(tenantId, id, { status: 'processed', result: 'later' })
    expect(await store.getById(tenantId, id)).toMatchObject({ status: 'processed', result: 'later' })
  },

  'leaves what the worker does not hold': async (context) => {
    const { due, store, otherWorker, tenantId } = context
    const id = await claimed(context, 'a')
    await due.settle(otherWorker.id, [{ tenantId, id, status: 'processed', result: null }])
    expect((await store.getById(tenantId, id))?.status).toBe('consumed')
  },

  'gives the commands of a dead worker back, and keeps those of a living one': async (context) => {
    const { due, store, worker, otherWorker, tenantId, type } = context
    const mine = await claimed(context, 'a')
    await due.beat({ ...otherWorker, types: [type] }, 1_000)
    const theirs = await context.given('b')
    expect(idsOf((await due.claimDue(otherWorker, 10)).commands)).toEqual([theirs])
    expect((await store.getById(tenantId, theirs))?.status).toBe('consumed')
    await sleep(1_100)
    expect(await due.beat(worker, leaseMs)).toBeGreaterThanOrEqual(1)
    expect((await store.getById(tenantId, theirs))?.status).toBe('pending')
    expect((await store.getById(tenantId, mine))?.status).toBe('consumed')
    // Too late: the dead one has it no more.
    await due.settle(otherWorker.id, [{ tenantId, id: theirs, status: 'failed', error: failure }])
    expect((await store.getById(tenantId, theirs))?.status).toBe('pending')
    expect(idsOf((await due.claimDue(worker, 10)).commands)).toEqual([theirs])
  },

  'gives the commands of one that left back with the next beat': async (context) => {
    const { due, store, worker, otherWorker, tenantId } = context
    const id = await claimed(context, 'a')
    await due.leave(worker.id)
    await due.beat(otherWorker, leaseMs)
    expect((await store.getById(tenantId, id))?.status).toBe('pending')
  },

  'gives back what nobody owns only when told after how long': async (context) => {
    const { due, store, worker, tenantId } = context
    const id = await context.given('a')
    await store.markStatus(tenantId, id, { status: 'consumed' })
    await due.beat(worker, leaseMs)
    expect((await store.getById(tenantId, id))?.status).toBe('consumed')
    await sleep(60)
    await due.beat(worker, leaseMs, 50)
    expect((await store.getById(tenantId, id))?.status).toBe('pending')
  },
})

async function claimed(context: DueCommandsContext, aggregateId: string): Promise<string> {
  const { due, worker } = context
  await due.beat(worker, leaseMs)
  const id = await context.given(aggregateId)
  expect(idsOf((await due.claimDue(worker, 10)).commands)).toEqual([id])
  return id
}
