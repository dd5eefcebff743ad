import { uuidv7 } from '@cairn/core'
import { expect } from 'vitest'
import { contractGroup, type ContractGroup } from './contract-case.ts'
import { jobSchedulerContext, type JobSchedulerContext, type JobSchedulerFixture } from './job-scheduler/context.ts'
import { counterCommands } from './job-scheduler/counter.ts'
import { refusal, upTo } from './observe.ts'
import { registerContract } from './register-contract.ts'

const { add, refuse } = counterCommands

const scheduling = contractGroup<JobSchedulerContext>('schedule', {
  'carries a command out and answers with its final row': async ({ scheduler, commands, command, added, tenantId }) => {
    const given = command(add({ counterId: 'c', n: 7 }))
    const row = await scheduler.schedule(given)
    expect(row).toMatchObject({
      command: given,
      status: 'processed',
      result: { aggregateId: 'c', version: 1, eventIds: [expect.any(String)] },
      error: undefined,
    })
    expect(await added('c')).toEqual([7])
    expect(await commands.getById(tenantId, given.id)).toEqual(row)
  },

  'answers a command that is refused with its failure, and the next of its aggregate goes on': async ({ scheduler, command, added }) => {
    const [one, bad, two] = [add({ counterId: 'c', n: 1 }), refuse({ counterId: 'c' }), add({ counterId: 'c', n: 2 })]
    expect(await scheduler.schedule(command(one))).toMatchObject({ status: 'processed' })
    expect(await scheduler.schedule(command(bad))).toMatchObject({
      status: 'failed',
      error: { code: 'CAIRN_BUSINESS_RULE', message: 'Counters never refuse, but this one does.', retryable: false },
    })
    expect(await scheduler.schedule(command(two))).toMatchObject({ status: 'processed', result: { version: 2 } })
    expect(await added('c')).toEqual([1, 2])
  },

  'gives each of many at once its own outcome': async ({ scheduler, command, added }) => {
    const numbers = upTo(40)
    const rows = await Promise.all(
      numbers.map((n) => scheduler.schedule(command(n % 4 === 0 ? refuse({ counterId: 'c' }) : add({ counterId: 'c', n })))),
    )
    expect(rows.map(({ status }) => status)).toEqual(numbers.map((n) => (n % 4 === 0 ? 'failed' : 'processed')))
    expect((await added('c')).toSorted((a, b) => Number(a) - Number(b))).toEqual(numbers.filter((n) => n % 4 !== 0))
  },

  'of the same command again joins the first run': async ({ scheduler, rival, command, added }) => {
    const given = command(add({ counterId: 'c', n: 1 }))
    const [first, second] = await Promise.all([scheduler.schedule(given), scheduler.schedule(given)])
    expect(second).toEqual(first)
    expect(await rival.schedule(given)).toEqual(first)
    expect(await added('c')).toEqual([1])
  },

  'of the same command from two processes at once takes effect once': async ({ scheduler, rival, command, added }) => {
    const given = upTo(10).map((n) => command(add({ counterId: `c${n}`, n })))
    const rows = await Promise.all(given.flatMap((one) => [scheduler.schedule(one), rival.schedule(one)]))
    expect(rows.map(({ status }) => status)).toEqual(rows.map(() => 'processed'))
    for (const [i, one] of given.entries()) expect(await added(one.aggregateId)).toEqual([i + 1])
  },

  'refuses an id that was used with other content': async ({ scheduler, command, added }) => {
    const given = command(add({ counterId: 'c', n: 1 }))
    await scheduler.schedule(given)
    await refusal('CAIRN_COMMAND_ID_REUSED', scheduler.schedule({ ...given, payload: { n: 2 } }))
    expect(await added('c')).toEqual([1])
  },

  'keeps tenants apart that use the same ids': async ({ scheduler, command, added, otherTenant }) => {
    const id = uuidv7()
    const one = command(add({ counterId: 'c', n: 1 }), { id })
    const other = command(add({ counterId: 'c', n: 2 }), { id, tenantId: otherTenant })
    const rows = await Promise.all([scheduler.schedule(one), scheduler.schedule(other)])
    expect(rows.map(({ status }) => status)).toEqual(['processed', 'processed'])
    expect([await added('c'), await added('c', otherTenant)]).toEqual([[1], [2]])
  },
})

const cancelling = contractGroup<JobSchedulerContext>('cancel', {
  'withdraws a command that nobody has taken, which then never runs': async ({ scheduler, commands, command, added, tenantId }) => {
    const given = command(add({ counterId: 'c', n: 1 }))
    await commands.upsert(given, { dueAt: new Date(Date.now() + 3_600_000) })
    expect(await scheduler.cancel(tenantId, given.id)).toBe(true)
    const row = await commands.getById(tenantId, given.id)
    expect(row).toMatchObject({ status: 'failed', error: { code: 'CAIRN_COMMAND_CANCELLED' } })
    expect(await scheduler.schedule(given)).toEqual(row)
    expect(await added('c')).toEqual([])
  },

  'answers false for what has ended, what is not known and what is another tenant’s': async ({
    scheduler,
    command,
    tenantId,
    otherTenant,
  }) => {
    const given = command(add({ counterId: 'c', n: 1 }))
    await scheduler.schedule(given)
    expect(await scheduler.cancel(tenantId, given.id)).toBe(false)
    expect(await scheduler.cancel(tenantId, uuidv7())).toBe(false)
    expect(await scheduler.cancel(otherTenant, given.id)).toBe(false)
  },
})

/** Every promise of `JobSchedulerPort`, as data. */
export const jobSchedulerCases: readonly ContractGroup<JobSchedulerContext>[] = [scheduling, cancelling]

/** What every scheduler must pass. */
export function jobSchedulerContract(name: string, factory: () => Promise<JobSchedulerFixture>): void {
  registerContract(name, jobSchedulerCases, factory, jobSchedulerContext)
}
