import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseUnavailableError } from '@cairn/core'
import type { CommandBatches } from '@cairn/infra/temporal'
import { provideTemporal, startTcpProxy } from '@cairn/testing/services'
import { afterAll, expect, test } from 'vitest'
import { eventually } from '../../support/processes.ts'
import { testDatabase } from '../../support/test-database.ts'
import { startChild } from './support/children.ts'
import { linesOf, note } from './support/journal.ts'
import { openScheduler, openStores, startWorker } from './support/temporal-rig.ts'

const database = await testDatabase()
const folder = await mkdtemp(join(tmpdir(), 'cairn-temporal-outage-'))
const server = await provideTemporal({ own: true, dbFile: join(folder, 'temporal.db') })
const stores = await openStores(database)
afterAll(async () => {
  await stores.close()
  await server.stop()
  await rm(folder, { recursive: true, force: true })
})
const statusOf = async (id: string): Promise<string | undefined> => (await stores.commands.getById('t', id))?.status

test('Temporal out of reach: the caller is told within the limit, the rows stay pending, and later they are carried out', async () => {
  // Nobody listens there.
  const nobody = await startTcpProxy(1)
  const away = openScheduler(`127.0.0.1:${nobody.port}`, stores, { giveUpAfterMs: 1_500, tryMs: 1_000 })
  const commands = ['one', 'two', 'three'].map((text) => note('t', 'away', text))
  const started = performance.now()
  const failures = await Promise.allSettled(commands.map((command) => away.scheduler.schedule(command)))
  // The limit is 1.5 s, and 30 s where nobody sets one.
  expect(performance.now() - started).toBeLessThan(15_000)
  for (const failure of failures) {
    expect(failure).toMatchObject({ status: 'rejected', reason: { code: 'CAIRN_TEMPORAL_UNAVAILABLE', retryable: true } })
  }
  expect(await Promise.all(commands.map(({ id }) => statusOf(id)))).toEqual(['pending', 'pending', 'pending'])
  await away.close()
  await nobody.stop()

  const worker = await startWorker(server.address, stores)
  const back = openScheduler(server.address, stores)
  const rows = await Promise.all(commands.map((command) => back.scheduler.schedule(command)))
  expect(rows.map(({ status }) => status)).toEqual(['processed', 'processed', 'processed'])
  expect(await linesOf(stores.store, 't', 'away')).toEqual(['one', 'two', 'three'])
  await back.close()
  await worker.shutdown()
})

test('a server that comes back while it is tried: the caller never notices', async () => {
  const worker = await startWorker(server.address, stores)
  const { scheduler, close } = openScheduler(server.address, stores, { giveUpAfterMs: 120_000, tryMs: 5_000 })
  await scheduler.schedule(note('t', 'restart', 'before'))
  await server.kill()
  const waiting = ['during 1', 'during 2'].map((text) => scheduler.schedule(note('t', 'restart', text)))
  await server.restart()
  expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual(['processed', 'processed'])
  expect(await linesOf(stores.store, 't', 'restart')).toEqual(['before', 'during 1', 'during 2'])
  await close()
  await worker.shutdown()
})

test('answers that are lost on the way: what took effect is not done again, and the callers get their results', async () => {
  const worker = await startWorker(server.address, stores)
  const proxy = await startTcpProxy(Number(server.address.split(':')[1]))
  const { scheduler, close } = openScheduler(`127.0.0.1:${proxy.port}`, stores, { giveUpAfterMs: 120_000, tryMs: 2_000 })
  await scheduler.schedule(note('t', 'lost', 'first'))
  proxy.swallowAnswers()
  const rows = Promise.all(['second', 'third'].map((text) => scheduler.schedule(note('t', 'lost', text))))
  expect(await eventually(async () => (await linesOf(stores.store, 't', 'lost')).length === 3)).toBe(true)
  proxy.thaw()
  expect((await rows).map(({ status }) => status)).toEqual(['processed', 'processed'])
  expect(await linesOf(stores.store, 't', 'lost')).toEqual(['first', 'second', 'third'])
  await close()
  await proxy.stop()
  await worker.shutdown()
})

test('a worker that cannot carry commands out gives them back: the callers are told, the rows are pending, another worker does it', async () => {
  const broken = await openStores(database)
  await broken.bus.stop()
  const worker = await startWorker(server.address, broken)
  const { scheduler, close } = openScheduler(server.address, stores)
  const commands = ['one', 'two'].map((text) => note('t', 'given-back', text))
  const failures = await Promise.allSettled(commands.map((command) => scheduler.schedule(command)))
  for (const failure of failures) {
    expect(failure).toMatchObject({ status: 'rejected', reason: { code: 'CAIRN_COMMAND_GIVEN_BACK', retryable: true } })
  }
  expect(await Promise.all(commands.map(({ id }) => statusOf(id)))).toEqual(['pending', 'pending'])
  await worker.shutdown()
  await broken.close()

  const healthy = await startWorker(server.address, stores)
  const rows = await Promise.all(commands.map((command) => scheduler.schedule(command)))
  expect(rows.map(({ status, attempts }) => [status, attempts])).toEqual([
    ['processed', 2],
    ['processed', 2],
  ])
  expect(await linesOf(stores.store, 't', 'given-back')).toEqual(['one', 'two'])
  await close()
  await healthy.shutdown()
})

test('a batch that took effect but could not be marked runs again: every command took effect once', async () => {
  let failures = 0
  // The database goes away between the effect and the mark, once.
  const batches: CommandBatches = {
    upsert: (commands) => stores.batches.upsert(commands),
    take: (tenantId, ids) => stores.batches.take(tenantId, ids),
    load: (tenantId, ids) => stores.batches.load(tenantId, ids),
    async finish(tenantId, changes) {
      if (failures++ === 0) throw new DatabaseUnavailableError('the marks', undefined)
      await stores.batches.finish(tenantId, changes)
    },
  }
  const worker = await startWorker(server.address, stores, { batches })
  const { scheduler, close } = openScheduler(server.address, stores)
  const rows = await Promise.all(['one', 'two', 'three'].map((text) => scheduler.schedule(note('t', 'unmarked', text))))
  expect(failures).toBeGreaterThan(1)
  expect(rows.map(({ status }) => status)).toEqual(['processed', 'processed', 'processed'])
  expect(await linesOf(stores.store, 't', 'unmarked')).toEqual(['one', 'two', 'three'])
  await close()
  await worker.shutdown()
})

test('a worker killed in the middle, and another in its place: every command takes effect once, in order', async () => {
  const { scheduler, close } = openScheduler(server.address, stores, { giveUpAfterMs: 360_000, maxBatch: 20 })
  const plan = { database, address: server.address }
  let worker = startChild('worker-child.ts', plan)
  expect(await worker.line).toBe('running')
  const commands = Array.from({ length: 400 }, (_, i) => note('t', 'killed', `line ${i}`))
  const rows = Promise.all(commands.map((command) => scheduler.schedule(command)))
  for (const from of [40, 160]) {
    expect(await eventually(async () => (await linesOf(stores.store, 't', 'killed')).length >= from, 120_000)).toBe(true)
    await worker.kill()
    worker = startChild('worker-child.ts', plan)
    expect(await worker.line).toBe('running')
  }
  expect((await rows).map(({ status }) => status)).toEqual(commands.map(() => 'processed'))
  expect(await linesOf(stores.store, 't', 'killed')).toEqual(commands.map((_, i) => `line ${i}`))
  await close()
  await worker.end()
}, 400_000)
