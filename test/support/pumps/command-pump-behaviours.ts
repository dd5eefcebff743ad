import {
  commandPump,
  InProcessScheduler,
  PendingCommandSource,
  RealtimePumpBase,
  uuidv7,
  type Command,
  type CommandPumpOptions,
  type CommandTaker,
  type HintsPort,
  type PendingCommandsPort,
  type StoredCommand,
} from '@cairn/core'
import { shop } from '@cairn/example-shop'
import { afterEach, expect, test } from 'vitest'
import { eventually } from '../processes.ts'
import { ProcessRig, type ProcessStores } from '../process-rig.ts'

export interface CommandPumpRig {
  readonly stores: ProcessStores
  readonly pending: PendingCommandsPort
  readonly hints?: HintsPort
}

const payload = { customerId: 'c-1', lines: [{ sku: 's', quantity: 1, price: 5 }] }
const tenantId = 'acme'
const quick = { backoff: { kind: 'fixed', delayMs: 10 }, jitter: 0 } as const

class Away extends Error {
  override readonly message = 'The scheduler is away.'
}

/** What a command pump does, wherever commands are kept. */
export function commandPumpBehaviours(open: () => Promise<CommandPumpRig>): void {
  const endings: (() => Promise<unknown>)[] = []

  afterEach(async () => {
    for (const end of endings.splice(0).toReversed()) await end()
  })

  async function opened(taker?: (one: ProcessRig) => CommandTaker, options: Partial<CommandPumpOptions> = {}, graceMs = 0) {
    const { stores, pending } = await open()
    const one = new ProcessRig(stores, { domains: [shop] })
    const { commands, due } = stores
    const scheduler = taker?.(one) ?? new InProcessScheduler(commands, one.bus)
    const { registry, bus } = one
    const source = new PendingCommandSource({ pending, registry, bus, due, pollMs: 20, unknownTypeGraceMs: graceMs })
    const config = { ...commandPump({ scheduler, commands, ...options }), retry: quick }
    const pump = new RealtimePumpBase(config, { source })
    endings.push(() => pump.stop())
    const row = (id: string): Promise<StoredCommand | undefined> => commands.getById(tenantId, id)
    const insert = (type: string, content: unknown): Promise<string> => stores.insert({ tenantId, type, payload: content })
    const ends = async (id: string, status: string): Promise<StoredCommand | undefined> => {
      expect(await eventually(async () => (await row(id))?.status === status)).toBe(true)
      return row(id)
    }
    return { ...one, one, stores, pump, row, insert, ends }
  }

  test('a row that was inserted by SQL alone is carried out, and so is one that was stored as a command', async () => {
    const { pump, insert, ends, one } = await opened()
    await pump.start()
    const orderId = uuidv7()
    const id = await insert('order.create', { ...payload, orderId })
    expect(await ends(id, 'processed')).toMatchObject({ result: { version: 1 }, command: { aggregateId: orderId } })
    expect(await one.typesOf('order', orderId)).toEqual(['order.created'])
    expect(pump.status.counters).toMatchObject({ processed: 1, failed: 0 })
  })

  test('what is refused for good ends as failed with the reason, and the rest of its batch is carried out', async () => {
    const { pump, insert, ends } = await opened()
    const bad = await insert('order.create', { customerId: 7 })
    const nobody = await insert('order.markReady', { orderId: uuidv7() })
    const unknown = await insert('order.creat', payload)
    const large = await insert('order.create', { ...payload, customerId: 'x'.repeat(1_100_000) })
    const good = await insert('order.create', payload)
    await pump.start()
    expect(await ends(good, 'processed')).toBeDefined()
    expect((await ends(bad, 'failed'))?.error).toMatchObject({ code: 'CAIRN_SCHEMA_VALIDATION' })
    expect((await ends(nobody, 'failed'))?.error).toMatchObject({ code: 'CAIRN_BUSINESS_RULE' })
    expect((await ends(large, 'failed'))?.error).toMatchObject({ code: 'CAIRN_PAYLOAD_TOO_LARGE' })
    expect((await ends(unknown, 'failed'))?.error).toMatchObject({
      code: 'CAIRN_UNKNOWN_TYPE',
      message: expect.stringContaining('order.create'),
    })
  })

  test('commands that only a registered handler takes are carried out', async () => {
    const { pump, insert, ends, one } = await opened()
    const sent: unknown[] = []
    one.bus.register({
      supports: (command): command is Command => command.type === 'mail.send',
      handle: (command) => void sent.push(command.payload),
    })
    const id = await insert('mail.send', { to: 'ann' })
    await pump.start()
    expect(await ends(id, 'processed')).toMatchObject({ command: { aggregateType: 'mail' } })
    expect(sent).toEqual([{ to: 'ann' }])
  })

  test('a type that nobody knows yet waits for a deploy to end', async () => {
    const { pump, insert, ends, row } = await opened(undefined, {}, 60_000)
    const unknown = await insert('order.archive', payload)
    await pump.start()
    await ends(await insert('order.create', payload), 'processed')
    expect((await row(unknown))?.status).toBe('pending')
  })

  test('while the scheduler is away rows stay pending, others are not held up, and all are carried out when it is back', async () => {
    const away = new Set<string>()
    const { pump, insert, ends, row } = await opened((one) => {
      const inner = new InProcessScheduler(one.stores.commands, one.bus)
      return {
        schedule: (command: Command) => (away.has(command.aggregateId) ? Promise.reject(new Away()) : inner.schedule(command)),
      }
    })
    const [lost, found] = [uuidv7(), uuidv7()]
    away.add(lost)
    const first = await insert('order.create', { ...payload, orderId: lost })
    const then = await insert('order.markReady', { orderId: lost })
    const other = await insert('order.create', { ...payload, orderId: found })
    await pump.start()
    await ends(other, 'processed')
    expect(await eventually(() => pump.status.counters.failed >= 3)).toBe(true)
    expect([(await row(first))?.status, (await row(then))?.status]).toEqual(['pending', 'pending'])
    away.clear()
    await ends(first, 'processed')
    await ends(then, 'processed')
    expect(await eventually(() => pump.status.state === 'subscribed')).toBe(true)
  })

  test('the commands of one aggregate are carried out in their order, over batches and failures', async () => {
    const done: string[] = []
    let tries = 0
    const { pump, insert } = await opened(
      () => ({
        schedule: async ({ payload: content }: Command) => {
          // Some fail at their first try: what stands behind them must not overtake.
          if (++tries % 4 === 1) throw new Away()
          done.push(String(Reflect.get(Object(content), 'customerId')))
          return { status: 'consumed' }
        },
      }),
      { batchSize: 3 },
    )
    const orderId = uuidv7()
    for (let i = 0; i < 10; i++) await insert('order.create', { ...payload, orderId, customerId: `c-${i}` })
    await pump.start()
    expect(await eventually(() => done.length === 10)).toBe(true)
    expect(done).toEqual(Array.from({ length: 10 }, (_, i) => `c-${i}`))
    expect(tries).toBeGreaterThan(12)
  })

  test('many rows that stay pending hold nobody up who stands behind them', async () => {
    const { pump, insert, ends, row } = await opened(
      () => ({
        schedule: ({ payload: content }: Command) =>
          Reflect.get(Object(content), 'customerId') === 'away' ? Promise.reject(new Away()) : Promise.resolve(undefined),
      }),
      { batchSize: 3 },
    )
    const stuck: string[] = []
    for (let i = 0; i < 7; i++) stuck.push(await insert('order.create', { ...payload, customerId: 'away' }))
    const good = await insert('order.create', payload)
    await pump.start()
    await ends(good, 'consumed')
    for (const id of stuck) expect((await row(id))?.status).toBe('pending')
  })

  test('a scheduler that only takes commands over leaves them consumed; its types decide who gets which', async () => {
    const started: string[] = []
    const { pump, insert, ends } = await opened(
      () => ({
        schedule: async () => undefined,
        scheduleWorkflow: async ({ type }: Command, { workflowType }) => started.push(`${type} by ${workflowType}`),
      }),
      { workflows: { 'order.ship': 'shipping' } },
    )
    await pump.start()
    const orderId = uuidv7()
    const taken = await insert('order.create', { ...payload, orderId })
    const own = await insert('order.ship', { orderId })
    await ends(taken, 'consumed')
    await ends(own, 'consumed')
    expect(started).toEqual(['order.ship by shipping'])
  })

  test('a pump that is stopped takes nothing more, and one that is started again goes on', async () => {
    const { pump, insert, ends, row } = await opened()
    await pump.start()
    await ends(await insert('order.create', payload), 'processed')
    await pump.stop()
    const later = await insert('order.create', payload)
    expect((await row(later))?.status).toBe('pending')
    await pump.start()
    await ends(later, 'processed')
  })
}
