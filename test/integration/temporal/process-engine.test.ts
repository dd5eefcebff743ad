import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import {
  after,
  defineDomain,
  defineProcessManager,
  Registry,
  SubscriptionEngine,
  type ProcessInstance,
  type ProcessManagerDefinition,
} from '@cairn/core'
import { PgHints, PgLogReader, PgSubscriptionStore } from '@cairn/infra/pg'
import { temporal, type RunningTemporal } from '@cairn/infra/temporal'
import { provideTemporal } from '@cairn/testing/services'
import { afterAll, expect, test } from 'vitest'
import { eventually } from '../../support/processes.ts'
import { testDatabase } from '../../support/test-database.ts'
import { Journal, journalCommands, journalEvents, linesOf, note } from './support/journal.ts'
import { processParts } from './support/reminders.ts'
import { openStores } from './support/temporal-rig.ts'

const database = await testDatabase()
const folder = await mkdtemp(join(tmpdir(), 'cairn-temporal-engine-'))
const server = await provideTemporal({ own: true, dbFile: join(folder, 'temporal.db') })
const stores = await openStores(database)
const registry = new Registry([defineDomain('journals', { aggregates: [Journal] })])
const hints = new PgHints(stores.db)
afterAll(async () => {
  await hints.close()
  await stores.close()
  await server.stop()
  await rm(folder, { recursive: true, force: true })
})

const copiesOf = (journalId: string): Promise<string[]> => linesOf(stores.store, 't', `copies-of-${journalId}`)

const finished = (): Promise<string[]> => linesOf(stores.store, 't', 'finished')
const instances = async (status: 'running' | 'done'): Promise<readonly ProcessInstance[]> => {
  await delay(100)
  return stores.processes.list({ processManager: 'waiter', status, limit: 1_000 })
}

/** Copies each line, and reminds of it later. */
function copier(delayMs: number): ProcessManagerDefinition {
  return defineProcessManager('copier', { events: [journalEvents], initial: () => null })
    .correlate({ 'journal.noted': (event) => (event.payload.text === 'original' ? event.aggregateId : undefined) })
    .on({
      'journal.noted': (_state, { aggregateId }) => {
        const journalId = `copies-of-${aggregateId}`
        return [
          journalCommands.note({ journalId, text: 'copied' }),
          after({ milliseconds: delayMs }, journalCommands.note({ journalId, text: 'remembered' })),
        ]
      },
    })
}

/** Waits for a second line. Version 1 only waits; version 2 writes that it came, and ends. */
function waiter(version: 1 | 2): ProcessManagerDefinition {
  return defineProcessManager('waiter', { events: [journalEvents], initial: (): { lines: number } => ({ lines: 0 }), version })
    .correlate({ 'journal.noted': (event) => (event.payload.text.startsWith('line') ? event.aggregateId : undefined) })
    .on({
      'journal.noted': ({ lines }, { aggregateId }) => {
        const never = after({ days: 1 }, journalCommands.note({ journalId: 'finished', text: `${aggregateId}, too late` }))
        if (version === 1 || lines === 0) return { state: { lines: lines + 1 }, send: [never] }
        return { done: true, send: [journalCommands.note({ journalId: 'finished', text: `${aggregateId} after ${lines}` })] }
      },
    })
}

interface App {
  readonly running: RunningTemporal
  stop(): Promise<void>
}

async function startApp(definition: ProcessManagerDefinition): Promise<App> {
  const setup = temporal({ address: server.address, idleMs: 2_000, giveUpAfterMs: 120_000, worker: { shutdownGraceMs: 1_000 } })
  const running = setup.start({ ...stores, processes: processParts(stores, [definition]) })
  const engine = new SubscriptionEngine({
    reader: new PgLogReader(stores.db),
    store: new PgSubscriptionStore(stores.db),
    hints,
    lift: (event) => registry.upcast(event),
    knows: (type) => registry.hasEvent(type),
    pollMs: 50,
    outageMs: 50,
  })
  for (const consumer of running.consumers) await engine.add(consumer)
  await engine.start()
  return {
    running,
    async stop() {
      await engine.stop()
      await running.stop()
    },
  }
}

test('an app starts without its Temporal, and goes on when it comes: commands, steps and timers happen, once', async () => {
  await server.kill()
  const app = await startApp(copier(300))
  const told = app.running.scheduler.schedule(note('t', 'late', 'original'))
  await server.restart()
  await app.running.ready
  expect((await told).status).toBe('processed')
  expect(await eventually(async () => (await copiesOf('late')).length === 2, 120_000)).toBe(true)
  expect(await copiesOf('late')).toEqual(['copied', 'remembered'])
  await app.stop()
})

test('a timer that became due while everything was down fires after the restart, once', async () => {
  // Time enough to set it and to stop everything, on a machine that does other things besides.
  const delayMs = 8_000
  const app = await startApp(copier(delayMs))
  await stores.bus.dispatchAll([note('t', 'down', 'original')])
  expect(await eventually(async () => (await copiesOf('down')).length === 1, 120_000)).toBe(true)
  await app.stop()
  await server.kill()
  expect(await copiesOf('down')).toEqual(['copied'])
  await delay(delayMs)
  await server.restart()
  const again = await startApp(copier(delayMs))
  expect(await eventually(async () => (await copiesOf('down')).length > 1, 120_000)).toBe(true)
  await again.stop()
  expect(await copiesOf('down')).toEqual(['copied', 'remembered'])
})

test('a process manager that changes while 100 instances wait: all go on with the new version, and all finish', async () => {
  const ids = Array.from({ length: 100 }, (_, i) => `p-${i}`)
  const write = async (text: string): Promise<void> => {
    await stores.bus.dispatchAll(ids.map((id) => note('t', id, text)))
  }
  const old = await startApp(waiter(1))
  await write('line 1')
  expect(await eventually(async () => (await instances('running')).length === ids.length, 240_000)).toBe(true)
  await old.stop()

  const young = await startApp(waiter(2))
  await write('line 2')
  expect(await eventually(async () => (await instances('done')).length === ids.length, 240_000)).toBe(true)
  expect(await eventually(async () => (await finished()).length === ids.length, 120_000)).toBe(true)
  expect((await finished()).toSorted()).toEqual(ids.map((id) => `${id} after 1`).toSorted())
  expect((await instances('done')).every(({ version, steps }) => version === 2 && steps === 2)).toBe(true)
  await young.stop()
}, 600_000)
