import {
  createCairn,
  defineDomain,
  InvalidInputError,
  uuidv7,
  type Cairn,
  type Command,
  type Domain,
  type HandedOver,
  type RunningScheduler,
  type SchedulerContext,
  type SchedulerSetup,
} from '@cairn/cairn'
import { processManagerReader } from '@cairn/core'
import { billing, fulfilment, orderCommands, orderFulfilment, shop } from '@cairn/example-shop'
import { afterEach, describe, expect, test } from 'vitest'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase } from '../../support/test-database.ts'
import { inMemory, onPostgres, patient } from './support/places.ts'

const database = await testDatabase()
const lines = [{ sku: 'screw', quantity: 2, price: 500 }]
const order = (orderId: string) => orderCommands.create({ orderId, customerId: 'c', lines })

/** A scheduler of somebody else's: it carries commands out by the bus that it was given, or does as it is told. */
class Other implements SchedulerSetup {
  readonly kind = 'other'
  readonly log: string[] = []
  readonly #consumers: boolean
  context: SchedulerContext | undefined
  away = false
  answer: (command: Command) => HandedOver | undefined = () => undefined

  constructor({ consumers = false }: { readonly consumers?: boolean } = {}) {
    this.#consumers = consumers
  }

  start(context: SchedulerContext): RunningScheduler {
    this.context = context
    return {
      scheduler: { schedule: () => Promise.reject(new Error('not here')), cancel: () => Promise.resolve(false) },
      commandTypes: ['approval.begin'],
      consumers: this.#consumers ? [this.#consumer()] : undefined,
      carryOut: (command) => this.#carryOut(command),
      check: () => (this.away ? Promise.reject(new Error('nobody answers')) : Promise.resolve()),
      ready: Promise.resolve(),
      stop: async () => {
        // What a scheduler needs to end its work is there.
        await context.commands.query({ tenantId: 't' })
        this.log.push('scheduler stopped')
      },
    }
  }

  async #carryOut(command: Command): Promise<HandedOver> {
    this.log.push(`given ${command.type}`)
    const answer = this.answer(command)
    if (answer !== undefined) return answer
    const { tenantId, id } = command
    const { eventIds } = await this.#dispatch(command)
    await this.context?.commands.markStatus(tenantId, id, { status: 'processed', result: { eventIds } })
    return { status: 'processed' }
  }

  async #dispatch(command: Command): Promise<{ readonly eventIds: readonly string[] }> {
    const done = await this.context?.bus.dispatch(command)
    return { eventIds: done?.events.map(({ id }) => id) ?? [] }
  }

  #consumer(): NonNullable<RunningScheduler['consumers']>[number] {
    const { log } = this
    return {
      ...processManagerReader(orderFulfilment),
      open({ signal }) {
        signal.addEventListener('abort', () => log.push('consumer stopped'))
        return { handle: (events) => void log.push(...events.map(({ aggregateId }) => `event of ${aggregateId}`)) }
      },
    }
  }
}

const apps: Cairn[] = []
afterEach(async () => {
  for (const app of apps.splice(0)) await app.stop()
  await queryOnce(
    database.url,
    `update ${database.schema}.commands set status = 'failed', hash = coalesce(hash, '') where status = 'pending'`,
  )
})

async function start(scheduler: SchedulerSetup | 'postgres' | 'in-process', background: boolean = true, more: readonly Domain[] = []) {
  const settings = background ? { pollMs: 20, leaseMs: 1_000 } : false
  const app = await createCairn({ domains: [shop, billing, ...more], ...onPostgres(database), background: settings, scheduler })
  apps.push(app)
  return app
}

const statusOf = async (app: Pick<Cairn, 'commands'>, id: string) => (await app.commands.getById('t', id))?.status
const settled = ({ id, type, aggregateType, aggregateId, payload }: ReturnType<typeof order>): Command => {
  return {
    id,
    tenantId: 't',
    type,
    aggregateType,
    aggregateId,
    payload,
    metadata: { correlationId: id, causationId: id, schemaVersion: 1 },
  }
}

describe('a scheduler that is set up by itself', () => {
  test('is given what is put aside, and what SQL alone inserted, in order', async () => {
    const other = new Other()
    const app = await start(other)
    const { commandId } = await app.dispatch(order('given'), { async: true })
    const ready = await app.dispatch(orderCommands.markReady({ orderId: 'given' }), { async: true })
    expect(await app.waitForCommand(commandId, patient)).toMatchObject({ status: 'processed', result: { eventIds: [expect.any(String)] } })
    expect(await app.waitForCommand(ready.commandId, patient)).toMatchObject({ status: 'processed' })
    expect(other.log).toEqual(['given order.create', 'given order.markReady'])
    const [row] = await queryOnce<{ id: string }>(
      database.url,
      `insert into ${database.schema}.commands (tenant_id, type, payload) values ('t', 'order.cancel', '{"orderId": "given", "reason": "x"}') returning id`,
    )
    expect(await app.waitForCommand(row?.id ?? '', patient)).toMatchObject({ status: 'processed' })
    expect(app.scheduler).toHaveProperty('schedule')
    await expect(app.scheduler.schedule(settled(order('x')))).rejects.toThrow('not here')
  })

  test('that cannot be reached is given nothing: commands stay pending, and health says so', async () => {
    const other = new Other()
    other.away = true
    const app = await start(other)
    const { commandId } = await app.dispatch(order('later'), { async: true })
    await expect
      .poll(() => app.health())
      .toMatchObject({
        status: 'degraded',
        scheduler: { kind: 'other', reachable: false },
        problems: ['Stored commands wait, because the scheduler other cannot be reached: nobody answers'],
      })
    expect(await app.commands.getById('t', commandId)).toMatchObject({ status: 'pending', attempts: 0 })
    expect(other.log).toEqual([])
    other.away = false
    expect(await app.waitForCommand(commandId, patient)).toMatchObject({ status: 'processed', attempts: 1 })
    expect(await app.health()).toMatchObject({ status: 'up', scheduler: { kind: 'other', reachable: true } })
  })

  test('is not given a command that ran before: it might carry it out by another way', async () => {
    const other = new Other()
    const app = await start(other)
    const ran = order('ran')
    const { position, events } = await app.dispatch(ran)
    const { commandId } = await app.dispatch(ran, { async: true })
    const result = { aggregateId: 'ran', version: 1, position, eventIds: events.map(({ id }) => id) }
    expect(await app.waitForCommand(commandId, patient)).toMatchObject({ status: 'processed', result })
    expect(other.log).toEqual([])
  })

  test('that does not take a command gets it again, and no attempt is counted', async () => {
    const other = new Other()
    let refusals = 2
    other.answer = () => (refusals-- > 0 ? { status: 'pending', error: { code: 'BUSY', message: 'later' } } : undefined)
    const app = await start(other)
    const { commandId } = await app.dispatch(order('again'), { async: true })
    expect(await app.waitForCommand(commandId, patient)).toMatchObject({ status: 'processed', attempts: 1 })
    expect(other.log).toEqual(['given order.create', 'given order.create', 'given order.create'])
  })

  test('may begin what ends much later: the command stays consumed across restarts, and holds up no other of its aggregate', async () => {
    const other = new Other()
    other.answer = ({ type }) => (type === 'approval.begin' ? { status: 'started' } : undefined)
    const app = await start(other)
    const insert = `insert into ${database.schema}.commands (tenant_id, type, aggregate_type, aggregate_id, payload)
                    values ('t', 'approval.begin', 'order', 'slow', '{}') returning id`
    const [row] = await queryOnce<{ id: string }>(database.url, insert)
    const begun = row?.id ?? ''
    await expect.poll(() => statusOf(app, begun)).toBe('consumed')
    const { commandId } = await app.dispatch(order('slow'), { async: true })
    expect(await app.waitForCommand(commandId, patient)).toMatchObject({ status: 'processed' })
    await app.stop()
    const again = new Other()
    const next = await start(again)
    const marker = await next.dispatch(order('marker'), { async: true })
    await next.waitForCommand(marker.commandId, patient)
    expect(again.log).toEqual(['given order.create'])
    expect(await statusOf(next, begun)).toBe('consumed')
    await next.commands.markStatus('t', begun, { status: 'processed', result: 'approved' })
    expect(await next.waitForCommand(begun, patient)).toMatchObject({ status: 'processed', result: 'approved' })
  })

  test('in a process without background work it only sends', async () => {
    const other = new Other()
    const app = await start(other, false)
    const { commandId } = await app.dispatch(order('sent'), { async: true })
    expect(other.context?.background).toBe(false)
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(await statusOf(app, commandId)).toBe('pending')
    expect(other.log).toEqual([])
  })

  test('stops behind its consumers, while the database is there', async () => {
    const other = new Other({ consumers: true })
    const app = await start(other, true, [fulfilment])
    await app.dispatch(order('watched'))
    await expect.poll(() => other.log).toContain('event of watched')
    await app.stop()
    expect(other.log.filter((line) => line.endsWith('stopped'))).toEqual(['consumer stopped', 'scheduler stopped'])
  })

  test('that does not become ready is told by health', async () => {
    const other = new Other()
    const setup: SchedulerSetup = {
      kind: 'other',
      start: (context) => ({ ...other.start(context), ready: Promise.reject(new Error('wrong schema')) }),
    }
    const app = await start(setup)
    expect(await app.health()).toMatchObject({ status: 'degraded', problems: [expect.stringContaining('wrong schema')] })
  })
})

describe('app.scheduler', () => {
  test("on 'postgres' any process that carries commands out does it, and the caller gets the final row", async () => {
    const sender = await start('postgres', false)
    const command = settled(order('scheduled'))
    const waiting = sender.scheduler.schedule(command)
    await expect.poll(() => statusOf(sender, command.id)).toBe('pending')
    await start('postgres')
    expect(await waiting).toMatchObject({ status: 'processed', result: { version: 1 } })
    expect(await sender.scheduler.schedule(command)).toMatchObject({ status: 'processed', attempts: 1 })
    await expect(sender.scheduler.schedule({ ...command, payload: {} })).rejects.toMatchObject({ code: 'CAIRN_COMMAND_ID_REUSED' })
  })

  test("on 'postgres' a command that waits can be withdrawn, and those who wait when the app stops are told", async () => {
    const app = await start('postgres', false)
    const [withdrawn, left] = [settled(order('withdrawn')), settled(order('left'))]
    const first = app.scheduler.schedule(withdrawn)
    const second = app.scheduler.schedule(left)
    await expect.poll(() => statusOf(app, withdrawn.id)).toBe('pending')
    expect(await app.scheduler.cancel('t', withdrawn.id)).toBe(true)
    expect(await first).toMatchObject({ status: 'failed', error: { code: 'CAIRN_COMMAND_CANCELLED' } })
    expect(await app.scheduler.cancel('t', uuidv7())).toBe(false)
    const [told] = await Promise.allSettled([second, app.stop()])
    expect(told).toMatchObject({ status: 'rejected', reason: { code: 'CAIRN_STOPPED' } })
  })

  test("on 'in-process' a command runs at once, here", async () => {
    const app = await start('in-process', false)
    expect(await app.scheduler.schedule(settled(order('here')))).toMatchObject({ status: 'processed' })
    expect((await app.health()).scheduler).toEqual({ kind: 'in-process', reachable: true })
  })
})

test('a scheduler that needs a database is refused in memory, and one that is none at all', async () => {
  const domains = [defineDomain('shop', { aggregates: shop.aggregates })]
  for (const scheduler of ['postgres', new Other()] as const) {
    await expect(createCairn({ domains, ...inMemory, scheduler })).rejects.toThrow(/needs a database/)
  }
  const wrong: unknown = 'postgress'
  const refused = createCairn({ domains, ...inMemory, scheduler: wrong as 'postgres' })
  await expect(refused).rejects.toBeInstanceOf(InvalidInputError)
  await expect(refused).rejects.toThrow("Did you mean 'postgres'?")
})
