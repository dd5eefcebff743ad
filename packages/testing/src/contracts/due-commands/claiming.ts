import { uuidv7, type CommandWorkerInfo, type DueCommandsPort } from '@cairn/core'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { contractGroup } from '../contract-case.ts'
import { idsOf } from '../command-store/given.ts'
import { refusal, upTo } from '../observe.ts'
import { claimedInTime, leaseMs, type DueCommandsContext } from './context.ts'

export const claimingDue = contractGroup<DueCommandsContext>('claimDue', {
  'takes commands of several tenants, oldest first, counts an attempt, and leaves them to nobody else': async (context) => {
    const { due, rival, store, worker, otherWorker, tenantId } = context
    await live(context)
    const ids = [await context.given('a'), await context.given('b'), await context.given('c')]
    const { commands } = await due.claimDue(worker, 2)
    expect(idsOf(commands)).toEqual(ids.slice(0, 2))
    expect(commands[0]).toMatchObject({ status: 'consumed', attempts: 1, dueAt: undefined })
    expect(idsOf((await rival.claimDue(otherWorker, 10)).commands)).toEqual(ids.slice(2))
    expect(await store.getById(tenantId, ids[0] ?? '')).toEqual(commands[0])
    expect((await due.claimDue(worker, 10)).commands).toEqual([])
  },

  'hands one aggregate’s commands out in order, and none while one of them is under way': async (context) => {
    const { due, rival, worker, otherWorker, tenantId } = context
    await live(context)
    const first = [await context.given('a'), await context.given('a'), await context.given('a')]
    const other = await context.given('b')
    const claimed = idsOf((await due.claimDue(worker, 2)).commands)
    expect(claimed).toEqual(first.slice(0, 2))
    expect(idsOf((await rival.claimDue(otherWorker, 10)).commands)).toEqual([other])
    await due.settle(worker.id, [{ tenantId, id: first[0] ?? '', status: 'processed', result: null }])
    expect((await rival.claimDue(otherWorker, 10)).commands).toEqual([])
    await due.settle(worker.id, [{ tenantId, id: first[1] ?? '', status: 'processed', result: null }])
    expect(idsOf((await rival.claimDue(otherWorker, 10)).commands)).toEqual(first.slice(2))
  },

  'never gives commands of one aggregate to two workers at once, however they race': async (context) => {
    const { due, rival, worker, otherWorker, tenantId } = context
    await live(context)
    const aggregates = upTo(12).map((n) => `a-${n}`)
    const all: string[] = []
    for (const _ of upTo(6)) for (const aggregate of aggregates) all.push(await context.given(aggregate))
    const holders = new Map<string, string>()
    const order = new Map<string, string[]>()
    const work = async (port: DueCommandsPort, info: CommandWorkerInfo): Promise<void> => {
      for (let idle = 0; idle < 20;) {
        const { commands } = await port.claimDue(info, 5)
        idle = commands.length === 0 ? idle + 1 : 0
        for (const { command } of commands) {
          expect(holders.get(command.aggregateId) ?? info.id).toBe(info.id)
          holders.set(command.aggregateId, info.id)
          order.set(command.aggregateId, [...(order.get(command.aggregateId) ?? []), command.id])
        }
        await sleep(1)
        for (const { command } of commands) holders.delete(command.aggregateId)
        await port.settle(
          info.id,
          commands.map(({ command }) => ({ tenantId, id: command.id, status: 'processed', result: null })),
        )
      }
    }
    await Promise.all([work(due, worker), work(rival, otherWorker), work(due, worker), work(rival, otherWorker)].slice(0, 2))
    expect([...order.values()].flat().toSorted()).toEqual(all.toSorted())
    for (const ids of order.values()) expect(ids).toEqual(ids.toSorted())
  },

  'takes what is due, by its time, and nothing before': async (context) => {
    const { due, worker } = context
    await live(context)
    const soon = await context.given('a', { dueAt: new Date(Date.now() + 2_000) })
    const never = await context.given('b', { dueAt: new Date(Date.now() + 3_600_000) })
    const late = await context.given('c', { dueAt: new Date(Date.now() - 10_000) })
    const now = await context.given('d')
    expect(idsOf((await due.claimDue(worker, 10)).commands)).toEqual([late, now])
    expect(idsOf(await claimedInTime(context))).toEqual([soon])
    expect((await context.store.getById(context.tenantId, never))?.status).toBe('pending')
  },

  'leaves commands of types that the worker does not know, and those behind them in their aggregate': async (context) => {
    const { due, worker } = context
    await live(context)
    const type = `order.unknown${uuidv7()}`
    const first = await context.given('a')
    await context.given('a', { type })
    await context.given('a')
    await context.given('b', { type })
    await context.given('b')
    expect(idsOf((await due.claimDue(worker, 10)).commands)).toEqual([first])
  },

  'refuses a limit that is not a whole number from 1 to 1,000': async ({ due, worker }) => {
    for (const limit of [0, -1, 1.5, 1_001, Number.NaN]) await refusal('CAIRN_INVALID_INPUT', () => due.claimDue(worker, limit))
  },
})

async function live({ due, worker, otherWorker }: DueCommandsContext): Promise<void> {
  for (const info of [worker, otherWorker]) await due.beat(info, leaseMs)
}
