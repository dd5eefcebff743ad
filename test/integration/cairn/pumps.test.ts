import { commandPump, createCairn, EventBus, eventPump, RealtimePumpBase, type Cairn, type PumpServices } from '@cairn/cairn'
import { orderCommands, shop } from '@cairn/example-shop'
import { watchTable } from '@cairn/infra/pg'
import { describe, expect, it, test, vi } from 'vitest'
import { eventually } from '../../support/processes.ts'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase } from '../../support/test-database.ts'
import { inMemory, onPostgres, patient, type Place } from './support/places.ts'

const database = await testDatabase()
const { url, schema } = database
const lines = [{ sku: 'screw', quantity: 1, price: 5 }]

const start = (place: Place): Promise<Cairn<typeof shop>> =>
  createCairn({ domains: [shop], ...place, background: { pollMs: 50, leaseMs: 1_000, commands: false } })

function outOfPaper(): void {
  throw new Error('the printer is out of paper')
}

describe.each([
  ['in memory', inMemory],
  ['on PostgreSQL', onPostgres(database)],
])('an app %s', (_, place) => {
  it('pumps events of its log to a bus, and pending commands to its scheduler, until it is stopped', async () => {
    const app = await createCairn({
      domains: [shop],
      ...place,
      scheduler: 'in-process',
      background: { pollMs: 50, leaseMs: 1_000, commands: false },
    })
    const bus = new EventBus()
    const heard: string[] = []
    bus.subscribe('order.*', ({ tenantId, type, aggregateId }) => void heard.push(`${tenantId} ${type} ${aggregateId}`))
    const events = await app.pump(eventPump({ bus, schema: app.database.schema ?? 'cairn' }))
    const commands = await app.pump(
      commandPump({ scheduler: app.scheduler, commands: app.commands, schema: app.database.schema ?? 'cairn' }),
    )
    const command = orderCommands.create({ orderId: 'pumped', customerId: 'c', lines })
    await app.dispatch(command, { async: true })
    expect(await app.waitForCommand(command.id, patient)).toMatchObject({ status: 'processed' })
    expect(await eventually(() => heard.length === 1)).toBe(true)
    expect(heard).toEqual([`${place.defaultTenantId} order.created pumped`])
    expect([events.status.state, commands.status.state]).toEqual(['subscribed', 'subscribed'])
    await app.stop()
    expect([events.status.state, commands.status.state]).toEqual(['stopped', 'stopped'])
  })
})

test('an app pumps the changes of a watched table; so does a subclass with the app’s services', async () => {
  await queryOnce(url, 'create table public.letters (id int primary key, tenant_id text)')
  await watchTable({ url, schema: 'public', table: 'letters', cairnSchema: schema })
  await using app = await start(onPostgres(database))
  const eventSpec = { event: 'INSERT', schema: 'public', table: 'letters' } as const
  const seen: number[] = []
  const pump = await app.pump<{ id: number }>({
    channel: 'letters-pump',
    eventSpec,
    processBatch: (rows) => seen.push(...rows.map(({ id }) => id)),
  })
  class Letters extends RealtimePumpBase<{ id: number }> {
    readonly found: number[] = []
    constructor(services: PumpServices) {
      super({ channel: 'letters-class', eventSpec, processBatch: (rows) => this.found.push(...rows.map(({ id }) => id)) }, services)
    }
  }
  const letters = new Letters(app.pumpServices)
  await letters.start()
  await queryOnce(url, `insert into public.letters select i, 'alpha' from generate_series(1, 10) i`)
  expect(await eventually(() => seen.length === 10 && letters.found.length === 10)).toBe(true)
  expect(seen).toEqual(letters.found)
  await letters.stop()
  expect(pump.status.counters.processed).toBe(10)
})

test('health says which pump does not get on, and measures none by positions of another log', async () => {
  await using app = await start(onPostgres(database))
  const eventSpec = { event: 'INSERT', schema: 'public', table: 'letters' } as const
  await app.pump({ channel: 'paper-pump', eventSpec, processBatch: outOfPaper })
  const status = async () => (await app.health()).subscriptions.find(({ name }) => name === 'paper-pump')
  expect(await status()).toMatchObject({ kind: 'pump', lag: 0 })
  await queryOnce(url, `insert into public.letters values (100, 'alpha')`)
  expect(await eventually(async () => (await app.health()).problems.some((text) => /paper-pump.*out of paper/.test(text)))).toBe(true)
  expect((await app.health()).status).toBe('degraded')
})

test('a scheduler that waits for the table is refused: the pump would wait for itself', async () => {
  await using app = await start(onPostgres(database))
  expect(() => commandPump({ scheduler: app.scheduler, commands: app.commands })).toThrow(/set `scheduler: 'in-process'`/)
})

test('an app in memory, and one that leaves the background to others, say why they pump no table', async () => {
  const eventSpec = { event: 'INSERT', schema: 'public', table: 'letters' } as const
  const config = { channel: 'nowhere', eventSpec, processBatch: () => undefined }
  await using memory = await start(inMemory)
  await expect(memory.pump(config)).rejects.toMatchObject({ code: 'CAIRN_INVALID_INPUT', message: expect.stringContaining('In memory') })
  await using idle = await createCairn({ domains: [shop], ...onPostgres(database), background: false })
  await expect(idle.pump(config)).rejects.toMatchObject({ code: 'CAIRN_INVALID_INPUT', message: expect.stringContaining('background') })
})

test('from SUPABASE_DB_URL alone: events of another process reach the bus, those committed while connections were down too', async () => {
  vi.stubEnv('DATABASE_URL', undefined)
  vi.stubEnv('SUPABASE_DB_URL', url)
  const bus = new EventBus()
  const heard: string[] = []
  bus.subscribe('*', ({ aggregateId }) => void heard.push(aggregateId))
  await using writer = await start(onPostgres(database))
  await using app = await createCairn({ domains: [shop], schema, roles: 'switch', background: { pollMs: 50, leaseMs: 1_000 } })
  vi.unstubAllEnvs()
  await app.pump({ ...eventPump({ bus, schema }), channel: 'supabase-pump' })
  const wanted: string[] = []
  for (let round = 0; round < 5; round++) {
    const orderId = `from-env-${round}`
    wanted.push(orderId)
    // Every connection of the pump's app, LISTEN included; the writer's have the login of their own.
    await queryOnce(
      url,
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and usename = $1 and pid <> pg_backend_pid()`,
      [new URL(url).username],
    )
    await writer.dispatch(orderCommands.create({ orderId, customerId: 'c', lines }))
  }
  expect(await eventually(() => new Set(heard).size >= 5)).toBe(true)
  expect(heard.filter((id, i) => heard.indexOf(id) === i)).toEqual(wanted)
})
