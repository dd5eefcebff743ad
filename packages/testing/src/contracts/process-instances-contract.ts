import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { contractGroup, type ContractGroup } from './contract-case.ts'
import { refusal, upTo } from './observe.ts'
import { processInstancesContext, type ProcessInstancesContext, type ProcessInstancesFixture } from './process-instances/context.ts'
import { registerContract } from './register-contract.ts'

const keeping = contractGroup<ProcessInstancesContext>('save and load', {
  'give instances back as they were, in the order asked for, and undefined where there is none': async ({ instances, instance }) => {
    const [a, b] = [instance('a'), instance('b/%~ü', { state: null, waitingFor: undefined, timers: {}, status: 'done' })]
    await instances.save([a, b])
    expect(await instances.load([b, instance('c'), a])).toEqual([b, undefined, a])
    expect(await instances.load([])).toEqual([])
  },

  'replace what is stored': async ({ instances, instance }) => {
    await instances.save([instance('a')])
    const next = instance('a', { state: 'text', steps: 5, position: 18, waitingFor: undefined, timers: {}, status: 'done' })
    await instances.save([next])
    expect(await instances.load([next])).toEqual([next])
  },

  'keep what is further on: a step that comes late does not take an instance back': async ({ instances, instance }) => {
    const [early, late] = [instance('a', { position: 10, steps: 1 }), instance('a', { position: 20, steps: 2 })]
    await instances.save([late])
    await instances.save([early])
    expect(await instances.load([late])).toEqual([late])
  },

  'tell tenants and process managers apart': async ({ instances, instance }) => {
    const all = [instance('a'), instance('a', { tenantId: `${instance('a').tenantId}-2` }), instance('a', { processManager: 'other' })]
    await instances.save(all.map((one, steps) => ({ ...one, steps })))
    expect((await instances.load(all)).map((one) => one?.steps)).toEqual([0, 1, 2])
  },

  'refuse a state that no store could keep': async ({ instances, instance }) => {
    await refusal('CAIRN_INVALID_INPUT', () => instances.save([instance('a', { state: 'NUL \0' })]))
    expect(await instances.load([instance('a')])).toEqual([undefined])
  },
})

const listing = contractGroup<ProcessInstancesContext>('list', {
  'gives instances in order, page by page, by what is asked for': async ({ instances, instance, tenantId }) => {
    const all = upTo(7).map((n) =>
      instance(`i-${n}`, { status: n % 2 === 0 ? 'done' : 'running', updatedAt: new Date(Date.UTC(2026, 0, n)).toISOString() }),
    )
    await instances.save(all)
    expect(await instances.list({ tenantId })).toEqual(all)
    expect(await instances.list({ tenantId, limit: 3 })).toEqual(all.slice(0, 3))
    expect(await instances.list({ tenantId, limit: 3, after: all[2] })).toEqual(all.slice(3, 6))
    const running = all.filter(({ status }) => status === 'running')
    expect(await instances.list({ tenantId, status: 'running' })).toEqual(running)
    expect(await instances.list({ tenantId, status: 'running', quietSince: new Date(Date.UTC(2026, 0, 4)) })).toEqual(running.slice(0, 2))
    expect(await instances.list({ tenantId, processManager: 'other' })).toEqual([])
  },

  'refuses a time that is none': async ({ instances, tenantId }) => {
    const quietSince = new Date(Number.NaN)
    expect((await refusal('CAIRN_INVALID_INPUT', instances.list({ tenantId, quietSince }))).details).toMatchObject({ field: 'quietSince' })
    expect((await refusal('CAIRN_INVALID_INPUT', instances.count({ tenantId, quietSince }))).details).toMatchObject({ field: 'quietSince' })
  },
})

const at = (n: number): string => new Date(Date.UTC(2026, 0, n)).toISOString()

const counting = contractGroup<ProcessInstancesContext>('count', {
  'tells of each process manager how many there are, and since when the quietest waits': async ({ instances, instance, tenantId }) => {
    const all = upTo(5).map((n) => instance(`i-${n}`, { status: n === 5 ? 'done' : 'running', updatedAt: at(n) }))
    const other = instance('x', { processManager: 'another', updatedAt: at(9) })
    await instances.save([...all, other])
    const { processManager } = instance('i-1')
    const counts = [
      { processManager: 'another', count: 1, quietest: at(9) },
      { processManager, count: 4, quietest: at(1) },
    ].toSorted((a, b) => (a.processManager < b.processManager ? -1 : 1))
    expect(await instances.count({ tenantId, status: 'running' })).toEqual(counts)
    const quietSince = new Date(at(3))
    expect(await instances.count({ tenantId, status: 'running', quietSince })).toEqual([{ processManager, count: 2, quietest: at(1) }])
    expect(await instances.count({ tenantId, processManager: 'none' })).toEqual([])
  },
})

const stepping = contractGroup<ProcessInstancesContext>('transaction', {
  'lets the steps of one instance come one after another': async ({ instances, rival, instance }) => {
    const key = instance('a', { steps: 0 })
    await instances.save([key])
    const add = (store: ProcessInstancesContext['instances']): Promise<void> =>
      store.transaction(key, async (tx) => {
        const [loaded] = await tx.instances.load([key])
        await sleep(1)
        await tx.instances.save([{ ...key, steps: (loaded?.steps ?? 0) + 1 }])
      })
    await Promise.all(upTo(20).map((n) => add(n % 2 === 0 ? instances : rival)))
    expect((await instances.load([key]))[0]?.steps).toBe(20)
  },

  'keeps nothing of a step that throws': async ({ instances, instance }) => {
    const one = instance('a')
    const work = instances.transaction(one, async (tx) => {
      await tx.instances.save([one])
      throw new Error('no')
    })
    await expect(work).rejects.toThrow('no')
    expect(await instances.load([one])).toEqual([undefined])
  },
})

/** Every promise of `ProcessInstanceStorePort` and `ProcessTransactionsPort`, as data. */
export const processInstancesCases: readonly ContractGroup<ProcessInstancesContext>[] = [keeping, listing, counting, stepping]

export function processInstancesContract(name: string, factory: () => Promise<ProcessInstancesFixture>): void {
  registerContract(name, processInstancesCases, factory, processInstancesContext)
}
