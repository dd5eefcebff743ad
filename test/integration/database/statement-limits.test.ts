import { createCairn, defineCommands, type Cairn, type Command } from '@cairn/cairn'
import { orderCommands, shop } from '@cairn/example-shop'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { eventually } from '../../support/processes.ts'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase, type TestFileDatabase } from '../../support/test-database.ts'
import { onPostgres, patient } from '../cairn/support/places.ts'
import { AppSession } from '../tenancy/support/app-session.ts'

const limitMs = 1_000
const lines = [{ sku: 'screw', quantity: 1, price: 5 }]
const stopped = 'CAIRN_STATEMENT_STOPPED'
const place = (orderId: string) => orderCommands.create({ orderId, customerId: 'c', lines })

/** From now on, for new sessions of the login. */
async function limit({ url, name }: TestFileDatabase, login: string): Promise<void> {
  await queryOnce(url, `alter role ${new URL(login).username} in database ${name} set statement_timeout = ${limitMs}`)
}

async function tableOf({ url, schema }: TestFileDatabase): Promise<string> {
  const [row] = await queryOnce<{ name: string }>(
    url,
    `select tables -> 0 ->> 'name' as name from ${schema}.generations where projection = 'order-summary' and state = 'live'`,
  )
  return `${schema}.${row?.name ?? ''}`
}

/** Reads of orders last until it is closed. */
async function slowReads(database: TestFileDatabase): Promise<AppSession> {
  const session = await AppSession.open(database.url)
  await session.rows('begin')
  await session.rows(`lock table ${await tableOf(database)} in access exclusive mode`)
  return session
}

const readOrders = (app: Cairn) => app.readModel('order_summary', { role: 'staff' }).find()

const reportCommands = defineCommands('report', { make: z.object({}) })

/** Makes reports by reading orders. */
class Reports {
  readonly types = ['report.make']
  calls = 0
  readonly #app: Cairn

  constructor(app: Cairn) {
    this.#app = app
    app.commandBus.register(this)
  }

  supports(command: Command): command is Command {
    return command.type === 'report.make'
  }

  async handle(): Promise<void> {
    this.calls++
    await readOrders(this.#app)
  }
}

function reporting(database: TestFileDatabase, maxAttempts: number): Promise<Cairn> {
  const background = { pollMs: 50, commands: { retryMs: 20, pollMs: 50, maxAttempts } }
  return createCairn({ domains: [shop], ...onPostgres(database), background })
}

/** Stores a command that makes a report. */
async function ask(app: Cairn): Promise<string> {
  return (await app.dispatch(reportCommands.make({ reportId: 'r' }), { async: true })).commandId
}

test('an event whose handler reads for longer than its login may is parked, and others go on', async () => {
  const database = await testDatabase()
  await limit(database, database.appUrl)
  await using app: Cairn = await createCairn({ domains: [shop], ...onPostgres(database), background: { pollMs: 50 } })
  const retry = { attempts: 2, backoff: { kind: 'fixed', delayMs: 1 } } as const
  const calls: string[] = []
  await app.subscribe('reader', { types: 'order.*', from: 'end', retry }, async ({ aggregateId }) => {
    calls.push(aggregateId)
    if (aggregateId === 'o-slow') await readOrders(app)
  })
  const reader = await slowReads(database)
  try {
    await app.dispatch(place('o-slow'))
    await app.dispatch(place('o-quick'))
    expect(await eventually(async () => (await app.subscriptions.parked('reader')).length === 1)).toBe(true)
    expect(await app.subscriptions.parked('reader')).toMatchObject([{ failure: { attempts: 2, category: stopped } }])
    expect(await eventually(() => calls.includes('o-quick'))).toBe(true)
    expect(calls).toEqual(['o-slow', 'o-slow', 'o-quick'])
  } finally {
    await reader.close()
  }
})

test('a stored command whose handler reads for longer than its login may is tried as often as others, and fails', async () => {
  const database = await testDatabase()
  await limit(database, database.appUrl)
  await using app = await reporting(database, 3)
  const reports = new Reports(app)
  const reader = await slowReads(database)
  try {
    const commandId = await ask(app)
    expect(await app.waitForCommand(commandId, patient)).toMatchObject({ status: 'failed', error: { code: stopped, retryable: true } })
    expect(reports.calls).toBe(3)
  } finally {
    await reader.close()
  }
})

test('a stored command whose statement an administrator cancels is carried out by the next try', async () => {
  const database = await testDatabase()
  await using app = await reporting(database, 2)
  const reports = new Reports(app)
  const reader = await slowReads(database)
  try {
    const commandId = await ask(app)
    const cancelled = await eventually(async () => {
      const waiting = `from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
      return (await queryOnce(database.url, `select pg_cancel_backend(pid) ${waiting}`)).length > 0
    })
    await reader.rows('rollback')
    expect(cancelled).toBe(true)
    expect(await app.waitForCommand(commandId, patient)).toMatchObject({ status: 'processed' })
    expect(reports.calls).toBe(2)
  } finally {
    await reader.close()
  }
})

test('rows that are too many for one statement of the login are committed in smaller batches', async () => {
  const database = await testDatabase()
  const at = { domains: [shop], ...onPostgres(database) } as const
  const before = await createCairn({ ...at, background: { pollMs: 50 } })
  await before.stop()
  const few = await createCairn({ ...at, background: false })
  const placed = await Promise.all(Array.from({ length: 300 }, (_, i) => few.dispatch(place(`o-${i}`))))
  await few.stop()
  await queryOnce(
    database.url,
    `create function public.slow() returns trigger language plpgsql security definer as
       $$begin if (select count(*) from fresh) > 20 then perform pg_sleep(60); end if; return null; end$$`,
  )
  await queryOnce(
    database.url,
    `create trigger slow after insert on ${await tableOf(database)} referencing new table as fresh
       for each statement execute function public.slow()`,
  )
  await limit(database, database.workerUrl)
  const warnings: string[] = []
  const logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: (message: string) => void warnings.push(message),
    error: (message: string) => void warnings.push(message),
    child: () => logger,
  }
  await using app = await createCairn({ ...at, background: { pollMs: 50 }, logger })
  await app.waitFor(Math.max(...placed.map(({ position }) => position)), 'order-summary', patient)
  expect((await app.readModel('order_summary', { role: 'staff' }).find({ limit: 1_000 })).rows).toHaveLength(300)
  expect(warnings.filter((warning) => warning.includes('is looked for in smaller batches'))).not.toEqual([])
  expect((await app.subscriptions.parked('order-summary')).length).toBe(0)
})
