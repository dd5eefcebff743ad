import {
  after,
  aggregate,
  cancelTimer,
  creates,
  defineCommands,
  defineDomain,
  defineEvents,
  defineProcessManager,
  versions,
  type FaultPoint,
  type ProcessManagerDefinition,
  type SubscriptionEngineOptions,
} from '@cairn/core'
import { billing, fulfilment, invoiceCommands, orderCommands, shop } from '@cairn/example-shop'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { memoryStores, ProcessRig, type ProcessStores } from '../../support/process-rig.ts'
import { pgStores } from './support/pg-stores.ts'

const jobEvents = defineEvents('job', {
  opened: z.object({ ms: z.int() }),
  poked: z.object({ n: z.int() }),
  closed: z.object({}),
  late: z.object({}),
})
const jobCommands = defineCommands('job', {
  open: creates(z.object({ ms: z.int() })),
  poke: z.object({ n: z.int() }),
  close: z.object({}),
  beLate: z.object({}),
})
const noteEvents = defineEvents('note', { written: z.object({ text: z.string() }) })
const noteCommands = defineCommands('note', { write: creates(z.object({ text: z.string() })) })

class Job extends aggregate(jobEvents, (): { readonly pokes: number } => ({ pokes: 0 })) {
  static readonly handlers = this.handle(jobCommands, {
    open: (job, { ms }) => job.raise('opened', { ms }),
    poke: (job, { n }) => job.raise('poked', { n }),
    close: (job) => job.raise('closed'),
    beLate: (job) => job.raise('late'),
  })
  static readonly evolve = this.fold({
    opened: (s) => s,
    poked: (s) => ({ pokes: s.pokes + 1 }),
    closed: (s) => s,
    late: (s) => s,
  })
}

class Note extends aggregate(noteEvents, () => ({})) {
  static readonly handlers = this.handle(noteCommands, { write: (note, command) => note.raise('written', command) })
  static readonly evolve = this.fold({ written: (s) => s })
}

const domains = [defineDomain('jobs', { aggregates: [Job] }), defineDomain('notes', { aggregates: [Note] })]
const tenantId = 'acme'
let broken = new Set<string>()

function watcher(name: string, version = 1): ProcessManagerDefinition {
  return defineProcessManager(name, { events: [jobEvents], initial: () => ({ pokes: 0 }), version })
    .correlate({
      'job.opened': (e) => e.aggregateId,
      'job.poked': (e) => e.aggregateId,
      'job.closed': (e) => e.aggregateId,
    })
    .on({
      'job.opened': (_s, e) => ({
        send: [after({ milliseconds: e.payload.ms }, jobCommands.beLate({ jobId: e.aggregateId }))],
        waitingFor: 'pokes',
      }),
      'job.poked': (s, e) => {
        if (broken.has(e.aggregateId)) throw new Error(`poke ${e.payload.n} hurts`)
        return {
          state: { pokes: s.pokes + 1 },
          send: [noteCommands.write({ text: `${e.aggregateId} ${e.payload.n}` })],
          waitingFor: 'pokes',
        }
      },
      'job.closed': () => ({ send: [cancelTimer('job.beLate')], done: true }),
    })
}

const pg = await pgStores()
const memory = memoryStores()

const notesOf = async (rig: ProcessRig, job: string): Promise<readonly string[]> => {
  const notes = (await rig.allCommands()).filter(
    ({ command }) => command.type === 'note.write' && text(command.payload).startsWith(`${job} `),
  )
  return notes.map(({ command }) => text(command.payload).slice(job.length + 1))
}

const caughtUp = async (rig: ProcessRig, name: string): Promise<void> => {
  // Not the horizon, which another test's writer may hold back yet.
  const { newest } = await rig.stores.reader.head()
  await rig.engine.waitFor(newest, [{ name: `pm-${name}`, generation: 1 }], { timeoutMs: 60_000 })
}

describe.each<[string, () => Promise<ProcessStores>]>([
  ['in memory', async () => memory],
  ['on PostgreSQL', () => pg.open()],
])('process managers %s', (place, open) => {
  const nameOf = (name: string): string => `${name}-${place.replaceAll(' ', '-').toLowerCase()}`
  const rigOf = async (definition: ProcessManagerDefinition, engine: Partial<SubscriptionEngineOptions> = {}): Promise<ProcessRig> =>
    new ProcessRig(await open(), { domains, processManagers: [definition], engine })

  test('an order is billed when it is ready and shipped when it is paid; one whose payment fails is called off', async () => {
    const rig = await new ProcessRig(await open(), { domains: [shop, billing, fulfilment] }).start()
    const create = (orderId: string) =>
      rig.send(orderCommands.create({ orderId, customerId: 'c', lines: [{ sku: 's', quantity: 2, price: 50 }] }))
    const ids = ['good', 'poor', 'slow'].map((name) => `${name} ${place}`)
    const [good = '', poor = '', slow = ''] = ids
    for (const id of ids) await create(id)
    for (const id of [good, poor]) await rig.send(orderCommands.markReady({ orderId: id }))
    const invoiceOf = async (orderId: string): Promise<string> => {
      const found = (await rig.allCommands()).find(
        ({ command }) => command.type === 'invoice.create' && JSON.stringify(command.payload).includes(orderId),
      )
      return found?.status === 'processed' ? found.command.aggregateId : ''
    }
    await expect.poll(() => Promise.all([invoiceOf(good), invoiceOf(poor)])).not.toContain('')
    await rig.send(invoiceCommands.pay({ invoiceId: await invoiceOf(good), amount: 100, reference: 'r' }))
    await rig.send(invoiceCommands.failPayment({ invoiceId: await invoiceOf(poor), reason: 'no funds' }))
    await expect.poll(() => rig.typesOf('order', good)).toEqual(['order.created', 'order.ready', 'order.shipped'])
    await expect.poll(() => rig.typesOf('order', poor)).toEqual(['order.created', 'order.ready', 'order.cancelled'])
    // Another aggregate: its command is carried out beside the order's, in no order.
    await expect
      .poll(async () => rig.typesOf('invoice', await invoiceOf(poor)))
      .toEqual(['invoice.created', 'invoice.paymentFailed', 'invoice.voided'])
    for (const id of [good, poor]) await expect.poll(async () => (await rig.instance('order-fulfilment', id))?.status).toBe('done')
    expect(await rig.instance('order-fulfilment', slow)).toMatchObject({
      status: 'running',
      waitingFor: 'the order to become ready',
      steps: 1,
    })
    const [stuck] = await rig.stores.instances.list({ tenantId, status: 'running', processManager: 'order-fulfilment' })
    expect(stuck).toMatchObject({ instanceId: slow, timers: { 'order.autoCancel': { commandId: expect.any(String) } } })
    await rig.stop()
  })

  test('a timer fires when it is due, one that was cancelled does not', async () => {
    const name = nameOf('timers')
    const rig = await (await rigOf(watcher(name))).start()
    const [fires, cancelled] = [`fires ${place}`, `cancelled ${place}`]
    // The one that is cancelled is due first, and late enough to be cancelled before on a machine that does other things besides.
    await rig.send(jobCommands.open({ jobId: cancelled, ms: 3_000 }))
    await rig.send(jobCommands.close({ jobId: cancelled }))
    await rig.send(jobCommands.open({ jobId: fires, ms: 3_100 }))
    await caughtUp(rig, name)
    await expect.poll(() => rig.typesOf('job', fires)).toEqual(['job.opened', 'job.late'])
    await sleep(100)
    expect(await rig.typesOf('job', cancelled)).toEqual(['job.opened', 'job.closed'])
    await rig.stop()
  })

  test('timers that became due while everything was down fire once after the restart', async () => {
    const name = nameOf('down')
    // Long enough to set five timers and stop everything, on a machine that does other things besides.
    const downMs = 5_000
    const first = await (await rigOf(watcher(name))).start()
    const jobs = Array.from({ length: 5 }, (_, i) => `down ${i} ${place}`)
    for (const jobId of jobs) await first.send(jobCommands.open({ jobId, ms: downMs }))
    await caughtUp(first, name)
    await first.stop()
    for (const jobId of jobs) expect(await first.typesOf('job', jobId)).toEqual(['job.opened'])
    await sleep(downMs + 100)
    for (const jobId of jobs) expect(await first.typesOf('job', jobId)).toEqual(['job.opened'])
    const second = await (await rigOf(watcher(name))).start()
    for (const jobId of jobs) await expect.poll(() => second.typesOf('job', jobId)).toEqual(['job.opened', 'job.late'])
    await sleep(100)
    for (const jobId of jobs) expect(await second.typesOf('job', jobId)).toEqual(['job.opened', 'job.late'])
    await second.stop()
  })

  test.each<FaultPoint>(['lease-taken', 'batch-handled', 'commit-begun', 'rows-written', 'checkpoint-written', 'committed'])(
    'one that dies at %s sends each command once',
    async (point) => {
      const name = nameOf(`dies-at-${point}`)
      let deaths = 0
      const rig = await rigOf(watcher(name), {
        batchSize: 3,
        faults: (at, details) => {
          if (at === point && details['name'] === `pm-${name}` && deaths < 4) {
            deaths++
            throw new Error('killed')
          }
        },
      })
      await rig.start()
      const jobId = `dies ${point} ${place}`
      await rig.send(jobCommands.open({ jobId, ms: 3_600_000 }))
      for (let n = 1; n <= 20; n++) await rig.send(jobCommands.poke({ jobId, n }))
      await caughtUp(rig, name)
      expect(deaths).toBeGreaterThan(0)
      expect((await notesOf(rig, jobId)).toSorted()).toEqual(Array.from({ length: 20 }, (_, i) => String(i + 1)).toSorted())
      expect(await rig.instance(name, jobId)).toMatchObject({ steps: 21, state: { pokes: 20 } })
      await rig.stop()
    },
  )

  test('an event that fails parks its instance alone, and trying it again heals it in order', async () => {
    const name = nameOf('poison')
    const [sick, sound] = [`sick ${place}`, `sound ${place}`]
    const definition = {
      ...watcher(name),
      failure: { ...watcher(name).failure, retry: { attempts: 2, backoff: { kind: 'fixed', delayMs: 5 }, jitter: 0 } },
    } as const
    const rig = await (await rigOf(definition)).start()
    broken = new Set([sick])
    for (const jobId of [sick, sound]) await rig.send(jobCommands.open({ jobId, ms: 3_600_000 }))
    for (let n = 1; n <= 3; n++) for (const jobId of [sick, sound]) await rig.send(jobCommands.poke({ jobId, n }))
    await caughtUp(rig, name)
    expect(await notesOf(rig, sick)).toEqual([])
    expect((await notesOf(rig, sound)).toSorted()).toEqual(['1', '2', '3'])
    const key = { name: `pm-${name}`, generation: 1 }
    const store = rig.stores.subscriptions()
    await expect
      .poll(async () => (await store.parked({ key })).map(({ status, parkingKey }) => [status, parkingKey]))
      .toEqual([
        ['parked', `acme/${sick}`],
        ['waiting', `acme/${sick}`],
        ['waiting', `acme/${sick}`],
      ])
    broken = new Set()
    await rig.engine.retryParked(key)
    await expect.poll(async () => (await store.parked({ key })).length).toBe(0)
    expect((await notesOf(rig, sick)).toSorted()).toEqual(['1', '2', '3'])
    expect(await rig.instance(name, sick)).toMatchObject({ state: { pokes: 3 }, steps: 4 })
    await rig.stop()
  })

  test('one that is added to an old log does not act on its history, and goes on from its checkpoint when its version is raised', async () => {
    const name = nameOf('added')
    const old = `old ${place}`
    const writer = await rigOf(watcher(name))
    await writer.send(jobCommands.open({ jobId: old, ms: 100 }))
    await writer.send(jobCommands.poke({ jobId: old, n: 1 }))
    const first = await (await rigOf(watcher(name))).start()
    await first.send(jobCommands.poke({ jobId: old, n: 2 }))
    await caughtUp(first, name)
    expect(await notesOf(first, old)).toEqual(['2'])
    await first.stop()
    await writer.send(jobCommands.poke({ jobId: old, n: 3 }))
    const second = await (await rigOf(watcher(name, 2))).start()
    await caughtUp(second, name)
    expect((await notesOf(second, old)).toSorted()).toEqual(['2', '3'])
    expect(await second.instance(name, old)).toMatchObject({ version: 2, steps: 2 })
    await second.stop()
  })

  test('100 instances that wait while the process manager is changed all finish, their states lifted', async () => {
    const name = nameOf('changed')
    const jobs = Array.from({ length: 100 }, (_, i) => `changed ${i} ${place}`)
    const first = await (await rigOf(watcher(name))).start()
    await Promise.all(jobs.map((jobId) => first.send(jobCommands.open({ jobId, ms: 3_600_000 }))))
    await Promise.all(jobs.map((jobId) => first.send(jobCommands.poke({ jobId, n: 1 }))))
    await caughtUp(first, name)
    await first.stop()
    const changed = defineProcessManager(name, {
      events: [jobEvents],
      version: 2,
      initial: () => ({ count: 0, since: 'v2' }),
      state: versions(z.object({ pokes: z.int() }))
        .next(z.object({ count: z.int(), since: z.string() }))
        .from((v1) => ({ count: v1.pokes, since: 'v1' })),
    })
      .correlate({ 'job.poked': (e) => e.aggregateId, 'job.closed': (e) => e.aggregateId })
      .on({
        'job.poked': (s) => ({ state: { ...s, count: s.count + 10 } }),
        'job.closed': (s, e) => ({ send: [noteCommands.write({ text: `${e.aggregateId} ${s.since} ${s.count}` })], done: true }),
      })
    const second = await (await rigOf(changed)).start()
    await Promise.all(jobs.map((jobId) => second.send(jobCommands.poke({ jobId, n: 2 }))))
    await Promise.all(jobs.map((jobId) => second.send(jobCommands.close({ jobId }))))
    await caughtUp(second, name)
    const all = await second.allCommands()
    const notes = new Set(all.filter(({ command }) => command.type === 'note.write').map(({ command }) => text(command.payload)))
    for (const jobId of jobs) {
      expect(notes.has(`${jobId} 1`) && notes.has(`${jobId} v1 11`)).toBe(true)
      expect(await second.instance(name, jobId)).toMatchObject({ status: 'done', version: 2, stateVersion: 2, timers: {} })
    }
    // The timers that version 1 had set ended with their instances.
    const timers = all.filter(({ command }) => command.type === 'job.beLate' && jobs.includes(command.aggregateId))
    expect(timers).toHaveLength(100)
    for (const { error } of timers) expect(error?.code).toBe('CAIRN_COMMAND_CANCELLED')
    await second.stop()
  })
})

function text(payload: unknown): string {
  return (payload as { readonly text: string }).text
}
