import {
  after,
  aggregate,
  creates,
  defineCommands,
  defineDomain,
  defineEvents,
  defineProcessManager,
  uuidv7,
  versions,
  type LogFields,
  type LoggerPort,
  type ProcessContext,
  type ProcessManagerDefinition,
  type Reaction,
  type StepMeasurement,
  type SubscriptionEngineOptions,
} from '@cairn/core'
import { afterEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { eventually } from '../../support/processes.ts'
import { memoryStores, newEventOf, ProcessRig, type ProcessStores } from '../../support/process-rig.ts'
import { pgStores } from './support/pg-stores.ts'

const jobEvents = defineEvents('job', {
  begun: z.object({ stock: z.string() }),
  counted: z.object({ stock: z.string() }),
  told: z.object({ text: z.string() }),
})
const jobCommands = defineCommands('job', {
  begin: creates(z.object({ stock: z.string() })),
  count: z.object({ stock: z.string() }),
  tell: z.object({ text: z.string() }),
})
const stockEvents = defineEvents('stock', {
  moved: versions(z.object({ n: z.int() }))
    .next(z.object({ by: z.int() }))
    .from((v1) => ({ by: v1.n })),
})
const stockCommands = defineCommands('stock', { move: z.object({ by: z.int() }) })
const StockState = z.object({ left: z.int() })

class Job extends aggregate(jobEvents, () => ({})) {
  static readonly handlers = this.handle(jobCommands, {
    begin: (job, { stock }) => job.raise('begun', { stock }),
    count: (job, { stock }) => job.raise('counted', { stock }),
    tell: (job, { text }) => job.raise('told', { text }),
  })
  static readonly evolve = this.fold({ begun: (s) => s, counted: (s) => s, told: (s) => s })
}
class Stock extends aggregate(stockEvents, () => ({ left: 0 })) {
  static readonly handlers = this.handle(stockCommands, { move: (stock, { by }) => stock.raise('moved', { by }) })
  static readonly evolve = this.fold({ moved: ({ left }, { by }) => ({ left: left + by }) })
  static readonly snapshots = this.snapshotEvery(5, StockState)
}

const domains = [defineDomain('jobs', { aggregates: [Job] }), defineDomain('stocks', { aggregates: [Stock] })]
type Context = ProcessContext<typeof jobEvents | typeof stockEvents>
interface State {
  readonly n: number
}

/** Handles the counts of jobs whose ids begin so. */
function teller(
  name: string,
  jobId: string,
  counted: (state: State, stock: string, context: Context) => Reaction<State>,
  failure: ProcessManagerDefinition['failure'] | undefined = undefined,
): ProcessManagerDefinition {
  return defineProcessManager(name, {
    events: [jobEvents, stockEvents],
    initial: (): State => ({ n: 0 }),
    from: 'start',
    ...(failure === undefined ? {} : { failure }),
  })
    .correlate({ 'job.counted': ({ aggregateId }) => (aggregateId.startsWith(jobId) ? aggregateId : undefined) })
    .on({ 'job.counted': (state, { payload }, context) => counted(state, payload.stock, context) })
}

const tell = (jobId: string, what: unknown) => jobCommands.tell({ jobId, text: JSON.stringify(what) })
const twice: ProcessManagerDefinition['failure'] = {
  retry: { attempts: 2, backoff: { kind: 'fixed', delayMs: 1 }, jitter: 0 },
  onExhausted: 'park',
  blockKey: true,
  maxWaiting: 100,
}

interface Line {
  readonly level: string
  readonly message: string
  readonly fields: LogFields | undefined
}
function collecting(lines: Line[]): LoggerPort {
  const at =
    (level: string) =>
    (message: string, fields?: LogFields): void =>
      void lines.push({ level, message, fields })
  const logger: LoggerPort = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), child: () => logger }
  return logger
}

const caughtUp = async (rig: ProcessRig, name: string): Promise<void> => {
  // Not the horizon, which another test's writer may hold back yet.
  const { newest } = await rig.stores.reader.head()
  await rig.engine.waitFor(newest, [{ name: `pm-${name}`, generation: 1 }], { timeoutMs: 20_000 })
}
const told = async (rig: ProcessRig, jobId: string, tenantId = 'acme'): Promise<readonly unknown[]> =>
  (await rig.allCommands(tenantId))
    .filter(({ command }) => command.type === 'job.tell' && command.aggregateId === jobId)
    .map(({ command }) => (command.payload as { readonly text: string }).text)
    .toSorted()
    .map((text) => JSON.parse(text) as unknown)
const move = (rig: ProcessRig, stockId: string, by: number, tenantId?: string) => rig.send(stockCommands.move({ stockId, by }), tenantId)
const names = (what: string) => [`${what}-${uuidv7()}`, `job ${uuidv7()}`, `stock ${uuidv7()}`] as const

const pg = await pgStores()

describe.each<[string, () => Promise<ProcessStores>]>([
  ['in memory', async () => memoryStores()],
  ['on PostgreSQL', () => pg.open()],
])('what a reaction asks its context for %s', (_place, open) => {
  const rigs: ProcessRig[] = []
  afterEach(async () => {
    for (const rig of rigs.splice(0)) await rig.stop()
  })
  const started = async (definition: ProcessManagerDefinition, engine: Partial<SubscriptionEngineOptions> = {}): Promise<ProcessRig> => {
    const rig = await new ProcessRig(await open(), { domains, processManagers: [definition], engine }).start()
    rigs.push(rig)
    return rig
  }
  test('is the aggregate and the stream as they were at its event, upcast, with a snapshot and without, of its tenant alone', async () => {
    const [name, jobId, stock] = names('past')
    const look = teller(name, jobId, (_state, stockId, { instanceId, loadAggregate, loadEvents }) => {
      const { state, version } = loadAggregate(Stock, stockId)
      return [tell(instanceId, [state.left, version, loadEvents('stock', stockId).map(({ payload }) => payload.by)])]
    })
    const stores = await open()
    const rig = new ProcessRig(stores, { domains, processManagers: [look] })
    rigs.push(rig)
    await rig.send(jobCommands.begin({ jobId, stock }))
    const count = () => rig.send(jobCommands.count({ jobId, stock }))
    await move(rig, stock, 100, 'other')
    await count()
    const old = newEventOf('stock.moved', { n: 1 })
    await stores.store.append({ stream: { tenantId: 'acme', aggregateType: 'stock', aggregateId: stock }, expected: 0, events: [old] })
    for (const by of [2, 3]) await move(rig, stock, by)
    await count()
    // Over the fifth, where a snapshot is made, and the tenth.
    for (const by of [4, 5, 6]) await move(rig, stock, by)
    await count()
    for (const by of [7, 8, 9, 10]) await move(rig, stock, by)
    await rig.start()
    await caughtUp(rig, name)
    expect(await told(rig, jobId)).toEqual([
      [0, 0, []],
      [21, 6, [1, 2, 3, 4, 5, 6]],
      [6, 3, [1, 2, 3]],
    ])
  })

  test('is the same when the event comes again after more has happened', async () => {
    const [name, jobId, stock] = names('again')
    let handled = 0
    let deaths = 0
    const definition = teller(name, jobId, (_state, stockId, { instanceId, loadAggregate }) => {
      const stockThen = loadAggregate(Stock, stockId)
      handled++
      return [tell(instanceId, stockThen)]
    })
    const rig: ProcessRig = await started(definition, {
      faults: async (point, details) => {
        if (point !== 'rows-written' || details['name'] !== `pm-${name}` || handled === deaths || deaths === 2) return
        deaths++
        await move(rig, stock, 10)
        throw new Error('killed')
      },
    })
    await rig.send(jobCommands.begin({ jobId, stock }))
    await move(rig, stock, 1)
    await rig.send(jobCommands.count({ jobId, stock }))
    await caughtUp(rig, name)
    expect([handled, deaths]).toEqual([3, 2])
    expect(await told(rig, jobId)).toEqual([{ state: { left: 1 }, version: 1 }])
  })

  test('is said once for each step, however often the reaction was run for what it loads', async () => {
    const [name, jobId, stock] = names('said')
    const lines: Line[] = []
    const measured: StepMeasurement[] = []
    const handled: string[] = []
    let runs = 0
    const definition = teller(name, jobId, (_state, stockId, { instanceId, loadAggregate, loadEvents, log, metric }) => {
      runs++
      log.trace('looking', { stockId })
      const { version } = loadAggregate(Stock, stockId)
      log.warn('seen')
      metric('events', loadEvents('stock', stockId).length)
      return { state: { n: version }, send: [tell(instanceId, version)] }
    })
    const rig = await started(definition, {
      logger: collecting(lines),
      observer: { measured: (one) => void measured.push(one), eventHandled: ({ type }) => void handled.push(type) },
    })
    await rig.send(jobCommands.begin({ jobId, stock }))
    await move(rig, stock, 1)
    const { events } = await rig.send(jobCommands.count({ jobId, stock }))
    await caughtUp(rig, name)
    expect(runs).toBe(3)
    expect(handled).toEqual(['job.counted'])
    const about = { tenantId: 'acme', processManager: name, instanceId: jobId, eventType: 'job.counted' }
    const fields = { ...about, component: 'process-manager', correlationId: events[0]?.metadata.correlationId, eventId: events[0]?.id }
    expect(lines.filter(({ fields: { component } = {} }) => component === 'process-manager')).toEqual([
      { level: 'debug', message: 'looking', fields: { ...fields, stockId: stock } },
      { level: 'warn', message: 'seen', fields },
    ])
    expect(measured).toEqual([{ ...about, name: 'events', value: 1 }])
  })

  test('counts even where the reaction catches what interrupts it, or changes its state before', async () => {
    const [name, jobId, stock] = names('caught')
    const definition = teller(name, jobId, (state, stockId, { instanceId, loadAggregate, loadEvents }) => {
      Object.assign(state, { n: state.n + 1 })
      try {
        loadEvents('job', instanceId)
        return { state, send: [tell(instanceId, [state.n, loadAggregate(Stock, stockId).state.left])] }
      } catch {
        return [tell(instanceId, 'nothing')]
      }
    })
    const rig = await started(definition)
    await rig.send(jobCommands.begin({ jobId, stock }))
    await move(rig, stock, 5)
    for (let n = 0; n < 2; n++) await rig.send(jobCommands.count({ jobId, stock }))
    await caughtUp(rig, name)
    expect(await told(rig, jobId)).toEqual([
      [1, 5],
      [2, 5],
    ])
  })

  test('is refused where it cannot be loaded: the event is parked, and the others go on', async () => {
    const [name, jobId, stock] = names('refused')
    const definition = teller(
      name,
      jobId,
      (_state, stockId, { instanceId, loadEvents }) => {
        if (stockId === 'endless') for (;;) loadEvents('stock', uuidv7())
        return [tell(instanceId, loadEvents('stock', stockId).length)]
      },
      twice,
    )
    const rig = await started(definition)
    for (const [id, what] of [
      [`${jobId} 1`, ''],
      [`${jobId} 2`, 'endless'],
      [`${jobId} 3`, stock],
    ] as const) {
      await rig.send(jobCommands.begin({ jobId: id, stock }))
      await rig.send(jobCommands.count({ jobId: id, stock: what }))
    }
    await caughtUp(rig, name)
    expect(await told(rig, `${jobId} 3`)).toEqual([0])
    const status = await rig.stores.subscriptions().get({ name: `pm-${name}`, generation: 1 })
    expect(status?.partitions[0]?.parked).toBe(2)
  })

  test('is what the sender hinted, and the trace that its commands carry', async () => {
    const [name, jobId, stock] = names('trace')
    const definition = teller(name, jobId, (_state, _stockId, { instanceId, hint, trace }) => [
      tell(instanceId, { hints: [hint('dryRun'), hint('toString')], trace }),
    ])
    const rig = await started(definition)
    await rig.send(jobCommands.begin({ jobId, stock }))
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const metadata = { dryRun: { deep: [1] } }
    const sent = await rig.bus.dispatch(jobCommands.count({ jobId, stock }), {
      tenantId: 'acme',
      traceparent,
      correlationId: 'c-1',
      metadata,
    })
    await caughtUp(rig, name)
    const [command] = (await rig.allCommands()).filter(({ command: { aggregateId } }) => aggregateId === jobId)
    const trace = { correlationId: 'c-1', causationId: sent.events[0]?.id, traceparent }
    expect(command?.command.metadata).toMatchObject({ ...trace, ...metadata })
    expect(await told(rig, jobId)).toEqual([{ hints: [{ deep: [1] }, null], trace }])
  })

  test('is not needed to tell itself something: a command leads to an event, which is a further step', async () => {
    const [name, jobId, stock] = names('itself')
    const definition = defineProcessManager(name, { events: [jobEvents], initial: (): readonly string[] => [], from: 'start' })
      .correlate({
        'job.counted': ({ aggregateId }) => (aggregateId === jobId ? jobId : undefined),
        'job.told': ({ aggregateId }) => (aggregateId === jobId ? jobId : undefined),
      })
      .on({
        'job.counted': () => [after({ milliseconds: 0 }, jobCommands.tell({ jobId, text: '"later"' }), { timer: 'itself' })],
        'job.told': (state, { payload: { text } }) => ({
          state: [...state, text],
          ...(text === '"later"' ? { send: [tell(jobId, 'now')] } : { done: true }),
        }),
      })
    const rig = await started(definition)
    await rig.send(jobCommands.begin({ jobId, stock }))
    await rig.send(jobCommands.count({ jobId, stock }))
    expect(await eventually(async () => (await rig.instance(name, jobId))?.status === 'done')).toBe(true)
    expect(await rig.instance(name, jobId)).toMatchObject({ steps: 3, state: ['"later"', '"now"'] })
  })

  test('is there when its aggregate has ended: events of before and of others still lead to steps of the one instance', async () => {
    const [name, jobId, stock] = names('ended')
    const definition = defineProcessManager(name, { events: [jobEvents, stockEvents], initial: (): State => ({ n: 0 }), from: 'start' })
      .correlate({
        'job.counted': ({ aggregateId }) => (aggregateId === jobId ? stock : undefined),
        'stock.moved': ({ aggregateId }) => (aggregateId === stock ? stock : undefined),
      })
      .on({
        'job.counted': ({ n }) => ({ state: { n: n + 1 } }),
        'stock.moved': ({ n }, _event, { loadEvents }) => ({ state: { n: n + 10 * loadEvents('job', jobId).length }, done: true }),
      })
    const rig = new ProcessRig(await open(), { domains, processManagers: [definition] })
    rigs.push(rig)
    await rig.send(jobCommands.begin({ jobId, stock }))
    await rig.send(jobCommands.count({ jobId, stock }))
    await rig.stores.store.close({ tenantId: 'acme', aggregateType: 'job', aggregateId: jobId })
    await rig.start()
    await move(rig, stock, 1)
    await caughtUp(rig, name)
    expect(await rig.instance(name, stock)).toMatchObject({ status: 'done', steps: 2, state: { n: 21 } })
  })
})
