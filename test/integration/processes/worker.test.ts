import {
  aggregate,
  BusinessRuleViolation,
  defineCommands,
  defineDomain,
  defineEvents,
  StreamBusyError,
  type CommandWorkerFaultPoint,
} from '@cairn/core'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { memoryStores, ProcessRig, type ProcessStores } from '../../support/process-rig.ts'
import { queryOnce } from '../../support/query-once.ts'
import { pgStores } from './support/pg-stores.ts'

const counterEvents = defineEvents('counter', { added: z.object({ n: z.int() }) })
const counterCommands = defineCommands('counter', {
  add: z.object({ n: z.int() }),
  refuse: z.object({}),
  refuseOddly: z.object({ how: z.enum(['bigint', 'circle', 'long']) }),
  addMany: z.object({ times: z.int() }),
  stumble: z.object({ times: z.int() }),
})
const stumbled = new Map<string, number>()

class Counter extends aggregate(counterEvents, (): { readonly all: readonly number[] } => ({ all: [] })) {
  static readonly handlers = this.handle(counterCommands, {
    add: (counter, { n }) => counter.raise('added', { n }),
    refuse: () => {
      throw new BusinessRuleViolation('Counters never refuse, but this one does.')
    },
    refuseOddly: (_, { how }) => {
      const circle: Record<string, unknown> = {}
      circle['self'] = circle
      const details = { bigint: { left: 10n }, circle, long: { text: 'x'.repeat(2_000_000) } }[how]
      throw new BusinessRuleViolation('Oddly refused.', { details })
    },
    addMany: (counter, { times }) => {
      for (let n = 1; n <= times; n++) counter.raise('added', { n })
    },
    // A technical failure that passes after some tries.
    stumble: (counter, { times }) => {
      const before = stumbled.get(counter.id) ?? 0
      stumbled.set(counter.id, before + 1)
      if (before < times) throw new StreamBusyError({ tenantId: 't', aggregateType: 'counter', aggregateId: counter.id }, 1)
      counter.raise('added', { n: -1 })
    },
  })
  static readonly evolve = this.fold({ added: (state, { n }) => ({ all: [...state.all, n] }) })
}

const domains = [defineDomain('counting', { aggregates: [Counter] })]
const tenantId = 'acme'
const pg = await pgStores()
const memory = memoryStores()

const put = (rig: ProcessRig, counterId: string, n: number, dueAt?: Date) =>
  rig.bus.dispatch(counterCommands.add({ counterId, n }), { tenantId, async: true, dueAt })

const numbers = async (rig: ProcessRig, counterId: string): Promise<readonly unknown[]> => {
  const all: unknown[] = []
  for await (const { payload } of rig.stores.store.readStream({ tenantId, aggregateType: 'counter', aggregateId: counterId })) {
    all.push((payload as { readonly n: number }).n)
  }
  return all
}

/** At which pass of a point its worker dies: while it holds commands. */
const deathAt: Readonly<Record<CommandWorkerFaultPoint, number>> = { claimed: 1, dispatched: 3, settling: 2, settled: 2 }

describe.each<[string, () => Promise<ProcessStores>]>([
  ['in memory', async () => memory],
  ['on PostgreSQL', () => pg.open()],
])('a command worker %s', (place, open) => {
  const id = (name: string): string => `${name} ${place}`
  const rigOf = async (): Promise<ProcessRig> => new ProcessRig(await open(), { domains })

  test('carries out what was put aside, in order, and leaves results', async () => {
    const rig = await rigOf()
    const counterId = id('order')
    const sent = []
    for (let n = 1; n <= 30; n++) sent.push(await put(rig, counterId, n))
    expect(sent[0]).toMatchObject({ status: 'pending', aggregateId: counterId })
    expect(await numbers(rig, counterId)).toEqual([])
    rig.work()
    for (const [i, { commandId }] of sent.entries()) {
      expect(await rig.wait(commandId)).toMatchObject({
        status: 'processed',
        attempts: 1,
        result: { version: i + 1, aggregateId: counterId },
      })
    }
    expect(await numbers(rig, counterId)).toEqual(sent.map((_, i) => i + 1))
    await rig.stop()
  })

  test('commands of a transaction are there when it commits, and never were when it does not', async () => {
    const rig = await rigOf()
    const counterId = id('transaction')
    rig.work()
    const refused = rig.bus.transaction({ tenantId }, async (tx) => {
      await tx.dispatch(counterCommands.add({ counterId, n: 1 }), { async: true })
      throw new Error('no')
    })
    await expect(refused).rejects.toThrow('no')
    const { commandId } = await rig.bus.transaction({ tenantId }, async (tx) => {
      await tx.dispatch(counterCommands.add({ counterId, n: 2 }))
      return tx.dispatch(counterCommands.add({ counterId, n: 3 }), { async: true })
    })
    await rig.wait(commandId)
    expect(await numbers(rig, counterId)).toEqual([2, 3])
    await rig.stop()
  })

  test('a command for later waits for its time', async () => {
    const rig = await rigOf()
    const counterId = id('later')
    rig.work()
    const dueAt = Date.now() + 2_000
    const { commandId } = await put(rig, counterId, 1, new Date(dueAt))
    await put(rig, counterId, 2)
    await rig.wait(commandId)
    expect(Date.now()).toBeGreaterThanOrEqual(dueAt - 20)
    expect(await numbers(rig, counterId)).toEqual([2, 1])
    await rig.stop()
  })

  test('what the schema refuses is refused at once, and what the domain refuses fails without troubling the next', async () => {
    const rig = await rigOf()
    const counterId = id('refusals')
    const wrong = { ...counterCommands.add({ counterId, n: 1 }), payload: { n: 'x' } }
    await expect(rig.bus.dispatch(wrong, { tenantId, async: true })).rejects.toMatchObject({ code: 'CAIRN_SCHEMA_VALIDATION' })
    const refused = await rig.bus.dispatch(counterCommands.refuse({ counterId }), { tenantId, async: true })
    const next = await put(rig, counterId, 1)
    rig.work()
    expect(await rig.wait(refused.commandId)).toMatchObject({
      status: 'failed',
      attempts: 1,
      error: { code: 'CAIRN_BUSINESS_RULE', retryable: false },
    })
    expect((await rig.wait(next.commandId)).status).toBe('processed')
    await rig.stop()
  })

  test('a technical failure is tried again, holds back what follows in its aggregate alone, and fails for good after its tries', async () => {
    const rig = await rigOf()
    const [counterId, other, hopeless] = [id('stumbles'), id('bystander'), id('hopeless')]
    const send = (command: Parameters<typeof rig.bus.dispatch>[0]) => rig.bus.dispatch(command, { tenantId, async: true })
    const stumbling = await send(counterCommands.stumble({ counterId, times: 2 }))
    const behind = await put(rig, counterId, 7)
    const beside = await put(rig, other, 1)
    const doomed = await send(counterCommands.stumble({ counterId: hopeless, times: 99 }))
    // Long, so that the bystander is through before the last try, on a machine that does other things besides.
    rig.work({ maxAttempts: 3, retryMs: 1_500 })
    await rig.wait(beside.commandId)
    expect(await numbers(rig, counterId)).toEqual([])
    expect(await rig.wait(stumbling.commandId)).toMatchObject({ status: 'processed', attempts: 3 })
    expect(await rig.wait(behind.commandId)).toMatchObject({ status: 'processed', attempts: 1 })
    expect(await numbers(rig, counterId)).toEqual([-1, 7])
    expect(await rig.wait(doomed.commandId)).toMatchObject({ status: 'failed', attempts: 3, error: { code: 'CAIRN_STREAM_BUSY' } })
    await rig.stop()
  })

  test('an error with details that cannot be stored ends its command as failed, and holds no other up', async () => {
    const rig = await rigOf()
    const send = (command: Parameters<typeof rig.bus.dispatch>[0]) => rig.bus.dispatch(command, { tenantId, async: true })
    const poison = []
    for (const how of ['bigint', 'circle', 'long'] as const)
      poison.push(await send(counterCommands.refuseOddly({ counterId: id(how), how })))
    const good = []
    for (let n = 1; n <= 3; n++) good.push(await put(rig, id(`beside ${n}`), n))
    rig.work()
    for (const { commandId } of good) expect((await rig.wait(commandId)).status).toBe('processed')
    for (const { commandId } of poison) {
      expect(await rig.wait(commandId)).toMatchObject({
        status: 'failed',
        error: {
          code: 'CAIRN_BUSINESS_RULE',
          message: 'Oddly refused.',
          details: { note: expect.stringMatching(/could not be stored: ./) },
        },
      })
    }
    await rig.stop()
  })

  test.each<CommandWorkerFaultPoint>(['claimed', 'dispatched', 'settling', 'settled'])(
    'a worker that dies when %s leaves nothing undone and nothing done twice',
    async (point) => {
      const rig = await rigOf()
      const counterId = id(`death ${point}`)
      const sent = []
      for (let n = 1; n <= 10; n++) sent.push(await put(rig, counterId, n))
      let passed = 0
      rig.work({
        leaseMs: 200,
        batchSize: 4,
        faults: (at) => {
          if (at === point && ++passed === deathAt[point]) throw new Error('killed')
        },
      })
      await expect.poll(() => passed).toBeGreaterThanOrEqual(deathAt[point])
      rig.work({ leaseMs: 200 })
      for (const { commandId } of sent) expect(await rig.wait(commandId)).toMatchObject({ status: 'processed' })
      expect(await numbers(rig, counterId)).toEqual(sent.map((_, i) => i + 1))
      await rig.stop()
    },
  )

  test('several workers share the work, each aggregate in order and each command once', async () => {
    const rigs = [await rigOf(), await rigOf(), await rigOf()]
    const [rig] = rigs
    if (rig === undefined) throw new Error('no rig')
    const counters = Array.from({ length: 8 }, (_, i) => id(`shared ${i}`))
    const sent = []
    for (let n = 1; n <= 12; n++) sent.push(...(await Promise.all(counters.map((counterId) => put(rig, counterId, n)))))
    for (const one of rigs) one.work({ concurrency: 4, batchSize: 8 })
    const done = await Promise.all(sent.map(({ commandId }) => rig.wait(commandId)))
    for (const { status, attempts } of done) expect({ status, attempts }).toEqual({ status: 'processed', attempts: 1 })
    for (const counterId of counters) expect(await numbers(rig, counterId)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1))
    for (const one of rigs) await one.stop()
  })

  test('one that stops lets what is under way end, and gives the rest back at once', async () => {
    const rig = await rigOf()
    const counterId = id('stopping')
    const sent = []
    for (let n = 1; n <= 200; n++) sent.push(await put(rig, counterId, n))
    const worker = rig.work({ leaseMs: 60_000 })
    await expect.poll(() => numbers(rig, counterId).then((list) => list.length)).toBeGreaterThan(0)
    await worker.stop()
    const statuses = new Set(
      (await rig.allCommands()).filter(({ command }) => command.aggregateId === counterId).map(({ status }) => status),
    )
    expect(statuses.has('consumed')).toBe(false)
    rig.work()
    for (const { commandId } of sent) await rig.wait(commandId)
    expect(await numbers(rig, counterId)).toEqual(sent.map((_, i) => i + 1))
    await rig.stop()
  })
})

const small = 300

test.each<[string, () => Promise<ProcessStores>]>([
  ['in memory', async () => memoryStores({ maxPayloadBytes: small })],
  ['on PostgreSQL', () => pg.open({ maxPayloadBytes: small })],
])('%s, a result that is too large to be stored is left out, and the command ends as processed', async (place, open) => {
  const rig = new ProcessRig(await open(), { domains })
  const counterId = `small ${place}`
  const large = await rig.bus.dispatch(counterCommands.addMany({ counterId, times: 20 }), { tenantId, async: true })
  const next = await put(rig, counterId, 21)
  rig.work()
  expect(await rig.wait(large.commandId)).toMatchObject({ status: 'processed', result: undefined, error: undefined })
  expect(await rig.wait(next.commandId)).toMatchObject({ status: 'processed', result: { version: 21 } })
  expect(await numbers(rig, counterId)).toHaveLength(21)
  await rig.stop()
})

test('a command whose effect is in the log ends as processed, whatever its next run says', async () => {
  const rig = new ProcessRig(await pg.open(), { domains })
  const { url, schema } = pg.database
  const { commandId } = await rig.bus.dispatch(counterCommands.add({ counterId: 'effect', n: 1 }), { tenantId, async: true })
  rig.work({
    leaseMs: 200,
    faults: (at) => {
      if (at === 'dispatched') throw new Error('killed')
    },
  })
  await expect.poll(() => rig.typesOf('counter', 'effect')).toEqual(['counter.added'])
  // Meanwhile the code has changed its mind about the payload.
  await queryOnce(url, `update ${schema}.commands set payload = '{"n": "x"}' where id = $1`, [commandId])
  expect(
    await rig.stores.instances.transaction({ processManager: 'p', tenantId, instanceId: 'i' }, (tx) =>
      tx.commands.cancel(tenantId, [commandId]),
    ),
  ).toBe(0)
  rig.work()
  expect(await rig.wait(commandId)).toMatchObject({ status: 'processed', error: undefined })
  expect(await rig.typesOf('counter', 'effect')).toEqual(['counter.added'])
  await rig.stop()
})
