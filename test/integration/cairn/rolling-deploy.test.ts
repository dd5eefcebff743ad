import { createCairn, defineConfig, type Cairn, type LoggerPort, type RecordedEvent } from '@cairn/cairn'
import { InMemoryRowStore, type FaultHook, type ProjectionDefinition } from '@cairn/core'
import { projectEvents, rebuild } from '@cairn/projections'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase, type TestFileDatabase } from '../../support/test-database.ts'
import { newCommands, newestParcels, newParcels, newWeights, oldCommands, oldParcels, oldWeights } from './support/parcels.ts'
import { onPostgres, patient } from './support/places.ts'

const background = { pollMs: 50, leaseMs: 1_000, standBackMs: 500 }

function start<D extends typeof oldParcels | typeof newParcels | typeof newestParcels>(
  domain: D,
  database: TestFileDatabase,
  warnings: string[] = [],
): Promise<Cairn<D>> {
  const logger: LoggerPort = {
    debug: () => undefined,
    info: () => undefined,
    warn: (message) => void warnings.push(message),
    error: (message) => void warnings.push(message),
    child: () => logger,
  }
  return createCairn({ domains: [domain], ...onPostgres(database), background, logger })
}

async function wholeLog(app: Pick<Cairn, 'events'>): Promise<readonly RecordedEvent[]> {
  const { events } = await app.events.readAll({ limit: 10_000 })
  return events
}

/** A generation's rows as its table has them. */
async function rowsOf(database: TestFileDatabase, table: string): Promise<readonly unknown[]> {
  const rows = await queryOnce(database.url, `select * from ${database.schema}.${table} order by id`)
  const hidden = ['tenant_id', 'last_position', 'partition']
  return rows.map((row) => Object.fromEntries(Object.entries(row).filter(([column]) => !hidden.includes(column))))
}

describe('a rolling deploy', async () => {
  it.each(['old', 'new'] as const)('with the %s code at work first skips no event, and live = rebuilt = folded', async (first) => {
    const database = await testDatabase()
    const seen: { id: string; by: string }[] = []
    const audit = async (app: Cairn<typeof oldParcels> | Cairn<typeof newParcels>, by: string): Promise<void> => {
      await (app as Cairn).subscribe('audit', { types: '*', from: 'start' }, ({ id }) => void seen.push({ id, by }))
    }
    // What was there before the deploy.
    const before = await start(oldParcels, database)
    for (let i = 0; i < 50; i++) await before.dispatch(oldCommands.send({ parcelId: `p-${i}`, kg: i }))
    await before.waitFor((await before.events.readAll()).next, undefined, patient)
    let old = before
    if (first === 'old') await audit(old, 'old')
    else await old.stop()
    const warnings: string[] = []
    await using next = await start(newParcels, database)
    await audit(next, 'new')
    if (first === 'new') {
      while ((await versionsOf(database))['live'] !== 2) await sleep(20)
      old = await start(oldParcels, database, warnings)
      await audit(old, 'old')
    }
    const beside = warnings.filter((warning) => warning.includes('see version 2; this process feeds version 1'))
    expect(beside).toHaveLength(first === 'new' ? 1 : 0)
    // Both write, while the new version is built or has just been switched to.
    const writers = Array.from({ length: 60 }, async (_, i) => {
      // The old code cannot decide on a parcel whose history it does not know.
      const parcelId = `p-${(i % 3) * 16 + (i % 16)}`
      if (i % 3 === 0) await old.dispatch(oldCommands.weigh({ parcelId, kg: i }))
      else if (i % 3 === 1) await next.dispatch(newCommands.weigh({ parcelId, kg: -i }))
      else await next.dispatch(newCommands.return({ parcelId, reason: `too late ${i}` }))
    })
    await Promise.all(writers)
    await expect.poll(() => versionsOf(database)).toEqual({ live: 2, previous: 1 })
    const { position } = await next.dispatch(newCommands.send({ parcelId: 'last', kg: 1 }))
    await next.waitFor(position, undefined, patient)

    const events = await wholeLog(next)
    const live = await next.readModel('weights').find({ limit: 1_000 })
    expect(live.rows).toHaveLength(51)
    expect(live.rows).toEqual(await folded(newWeights, events))
    // The old generation is fed by the old code, with the events that it knows.
    const previous = await tableOf(database, 'previous')
    await expect.poll(() => rowsOf(database, previous)).toEqual(await folded(oldWeights, events))

    // Every event once, in order, whoever had the lease; those of a type that the old code does not know by the new code.
    await expect.poll(() => seen.length).toBeGreaterThanOrEqual(events.length)
    const ids = events.map(({ id }) => id)
    expect([...new Set(seen.map(({ id }) => id))]).toEqual(ids)
    const unknown = new Set(events.filter(({ type }) => type === 'parcel.returned').map(({ id }) => id))
    expect(seen.filter(({ id, by }) => by === 'old' && unknown.has(id))).toEqual([])
    await old.stop()

    // And once more from the first event, by the command's own means.
    const host = await defineConfig({ domains: [newParcels], ...onPostgres(database) }).openProjectionHost()
    const { outcomes } = await rebuild(host, { all: true, verify: true })
    await host.close()
    expect(outcomes).toMatchObject([{ status: 'rebuilt', toVersion: 2 }])
    expect((await next.readModel('weights').find({ limit: 1_000 })).rows).toEqual(live.rows)
    // The running process feeds what is live now.
    const { position: later } = await next.dispatch(newCommands.send({ parcelId: 'later', kg: 2 }))
    await next.waitFor(later, 'weights', { timeoutMs: 60_000 })
    expect(await next.readModel('weights').get('later')).toMatchObject({ kg: 2 })
  })
})

describe('a rolling deploy of nothing but a newer schema version of an event', () => {
  it('parks nothing and skips nothing: the old code leaves it to the new, and says which event it is', async () => {
    const database = await testDatabase()
    const seen: string[] = []
    const audit = async (app: Cairn<typeof oldParcels> | Cairn<typeof newestParcels>, by: string): Promise<void> => {
      await (app as Cairn).subscribe(
        'audit',
        { types: 'parcel.*', from: 'start' },
        ({ aggregateId, payload }) => void seen.push(`${aggregateId} ${JSON.stringify(payload)} ${by}`),
      )
    }
    await using old = await start(oldParcels, database)
    await old.dispatch(oldCommands.send({ parcelId: 'p-1', kg: 1 }))
    const first = await start(newestParcels, database)
    try {
      await first.dispatch(oldCommands.send({ parcelId: 'p-2', kg: 2 }))
    } finally {
      await first.stop()
    }
    const { position } = await old.dispatch(oldCommands.send({ parcelId: 'p-3', kg: 3 }))
    await audit(old, 'old')
    await expect
      .poll(async () => (await old.health()).problems.join('\n'), { timeout: patient.timeoutMs })
      .toMatch(/audit is left to other processes: .*parcel\.sent has schema version 2, but this process knows only up to 1/)
    expect(seen).toEqual(['p-1 {"kg":1} old'])
    await using next = await start(newestParcels, database)
    await audit(next, 'new')
    await next.waitFor(position, 'weights', patient)
    await expect.poll(() => seen.length, { timeout: patient.timeoutMs }).toBeGreaterThanOrEqual(3)
    expect(seen.toSpliced(2)).toEqual(['p-1 {"kg":1} old', 'p-2 {"grams":2000} new'])
    expect(seen.slice(2)).toEqual([expect.stringMatching(/^p-3 /)])
    expect((await next.readModel('weights').find({ limit: 10 })).rows).toMatchObject([
      { id: 'p-1', kg: 1 },
      { id: 'p-2', kg: 2 },
      { id: 'p-3', kg: 3 },
    ])
    const health = await next.health()
    expect(health.subscriptions.map(({ parked }) => parked)).toEqual(health.subscriptions.map(() => 0))
  })
})

describe('several processes of the new code', () => {
  it('build the new version once, and all of them feed it', async () => {
    const database = await testDatabase()
    await using old = await start(oldParcels, database)
    for (let i = 0; i < 200; i++) await old.dispatch(oldCommands.send({ parcelId: `p-${i}`, kg: i }))
    const warnings: string[] = []
    const next = await Promise.all([1, 2, 3].map(() => start(newParcels, database, warnings)))
    try {
      await expect.poll(() => versionsOf(database)).toEqual({ live: 2, previous: 1 })
      const generations = await queryOnce(
        database.url,
        `select generation from ${database.schema}.generations where projection = 'weights'`,
      )
      expect(generations).toHaveLength(2)
      const owners = async (): Promise<number> => {
        const partitions = (await old.subscriptions.list()).find(({ key }) => key.generation === 2)?.partitions ?? []
        return new Set(partitions.map(({ owner }) => owner)).size
      }
      await expect.poll(owners).toBe(3)
      const { position } = await old.dispatch(oldCommands.send({ parcelId: 'last', kg: 1 }))
      await Promise.all(next.map((app) => app.waitFor(position, undefined, patient)))
      expect(warnings).toEqual([])
    } finally {
      await Promise.all(next.map((app) => app.stop()))
    }
  })
})

describe('a deploy that stops the old code first', () => {
  it('is waited for across the switch: nobody feeds what was live before', async () => {
    const database = await testDatabase()
    const old = await start(oldParcels, database)
    for (let i = 0; i < 100; i++) await old.dispatch(oldCommands.send({ parcelId: `p-${i}`, kg: i }))
    await old.waitFor((await old.events.readAll()).next, undefined, patient)
    await old.stop()
    const gate = Promise.withResolvers<void>()
    const faults: FaultHook = (point) => (point === 'rebuild-caught-up' ? gate.promise : undefined)
    await using next = await createCairn({ domains: [newParcels], ...onPostgres(database), background: { ...background, faults } })
    const { position } = await next.dispatch(newCommands.return({ parcelId: 'p-1', reason: 'late' }))
    const waiting = next.waitFor(position, 'weights', { timeoutMs: 60_000 })
    expect(await Promise.race([waiting.then(() => 'done'), sleep(200, 'waits')])).toBe('waits')
    await expect.poll(() => versionsOf(database)).toEqual({ building: 2, live: 1 })
    gate.resolve()
    await waiting
    expect(await next.readModel('weights').get('p-1')).toMatchObject({ returned: 'late', changes: 2 })
  })
})

/** The rows that a projection makes of the log, in memory. */
async function folded(projection: ProjectionDefinition, events: readonly RecordedEvent[]): Promise<readonly unknown[]> {
  const rows = new InMemoryRowStore()
  await projectEvents(projection, events, rows)
  return rows
    .rows('weights')
    .map(({ values }) => values)
    .toSorted((a, b) => (String(a['id']) < String(b['id']) ? -1 : 1))
}

async function versionsOf(database: TestFileDatabase): Promise<Record<string, number>> {
  const rows = await queryOnce<{ state: string; version: number }>(
    database.url,
    `select state, version from ${database.schema}.generations where projection = 'weights'`,
  )
  return Object.fromEntries(rows.map(({ state, version }) => [state, version]))
}

async function tableOf(database: TestFileDatabase, state: string): Promise<string> {
  const [row] = await queryOnce<{ name: string }>(
    database.url,
    `select tables -> 0 ->> 'name' as name from ${database.schema}.generations where projection = 'weights' and state = '${state}'`,
  )
  return row?.name ?? ''
}
