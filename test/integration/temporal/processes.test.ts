import { DatabaseUnavailableError, type RecordedEvent } from '@cairn/core'
import { processWorkflowId, resolveRouterOptions, ProcessForwarder, type ProcessParts } from '@cairn/infra/temporal'
import { provideTemporal } from '@cairn/testing/services'
import { afterAll, expect, test } from 'vitest'
import { eventually } from '../../support/processes.ts'
import { testDatabase } from '../../support/test-database.ts'
import { linesOf, note } from './support/journal.ts'
import { allEvents, processParts } from './support/reminders.ts'
import { openScheduler, openStores, startWorker } from './support/temporal-rig.ts'

const database = await testDatabase()
const server = await provideTemporal()
const stores = await openStores(database)
const { scheduler, client, close } = openScheduler(server.address, stores)
const parts = processParts(stores)
let loseNextAnswer = false
const processes: ProcessParts = {
  ...parts,
  transactions: {
    async transaction(key, work) {
      const done = await parts.transactions.transaction(key, work)
      if (!loseNextAnswer) return done
      loseNextAnswer = false
      throw new DatabaseUnavailableError('the answer of a step', undefined)
    },
  },
}
const worker = await startWorker(server.address, stores, {
  processes: { ...processes, carryOut: (command) => scheduler.carryOut(command) },
})
const forwarder = new ProcessForwarder(
  client,
  { kind: 'shared', name: 'cairn' },
  processes.definitions,
  resolveRouterOptions({ idleMs: 1_000 }),
)
afterAll(async () => {
  await forwarder.close()
  await close()
  await worker.shutdown()
  await stores.close()
  await server.stop()
})

const write = async (journalId: string, ...lines: readonly string[]): Promise<void> => {
  for (const line of lines) await scheduler.schedule(note('t', journalId, line))
}
const copies = (journalId: string): Promise<string[]> => linesOf(stores.store, 't', `${journalId}-copy`)
const eventsOf = async (journalId: string): Promise<readonly RecordedEvent[]> =>
  (await allEvents(stores)).filter(({ aggregateId }) => aggregateId === journalId)
const deliverAll = async (journalId: string): Promise<void> => forwarder.deliver(await eventsOf(journalId))

test('events lead to commands, once, however often they are delivered', async () => {
  await write('p-1', 'copy a', 'copy b')
  await deliverAll('p-1')
  await deliverAll('p-1')
  expect(await eventually(async () => (await copies('p-1')).length === 2)).toBe(true)
  await deliverAll('p-1')
  expect(await copies('p-1')).toEqual(['copy a 1', 'copy b 2'])
  const [instance] = await stores.processes.load([{ processManager: 'reminders', tenantId: 't', instanceId: 'p-1' }])
  expect(instance?.steps).toBe(2)
  const events = await eventsOf('p-1')
  await forwarder.deliver(events.slice(1))
  expect(await copies('p-1')).toEqual(['copy a 1', 'copy b 2'])
})

test('a step that was committed, but whose answer was lost: its commands are carried out all the same, once', async () => {
  await write('p-6', 'copy a')
  loseNextAnswer = true
  await deliverAll('p-6')
  expect(loseNextAnswer).toBe(false)
  expect(await eventually(async () => (await copies('p-6')).length === 1)).toBe(true)
  expect(await copies('p-6')).toEqual(['copy a 1'])
})

test('a timer fires when it is due, and not before', async () => {
  await write('p-2', 'remind 1500')
  await deliverAll('p-2')
  expect(await eventually(async () => (await copies('p-2')).length === 1)).toBe(true)
  expect(await copies('p-2')).toEqual(['reminded'])
  // By the database's clock, however late this test looks.
  const [set, fired] = [await eventsOf('p-2'), await eventsOf('p-2-copy')].map(([event]) => event?.recordedAt.getTime() ?? Number.NaN)
  expect((fired ?? Number.NaN) - (set ?? Number.NaN)).toBeGreaterThan(1_400)
})

test('a timer that was cancelled does not fire, and the instance ends', async () => {
  // Long, so that it is not due before it is cancelled, on a machine that does other things besides.
  await write('p-3', 'remind 6000', 'enough')
  await deliverAll('p-3')
  await write('p-3', 'end')
  await deliverAll('p-3')
  await new Promise((resolve) => setTimeout(resolve, 6_300))
  expect(await copies('p-3')).toEqual([])
  const handle = client.workflow.getHandle('t__reminders-p%2D3')
  expect(await eventually(async () => (await handle.describe()).status.name === 'COMPLETED')).toBe(true)
})

test('an event whose step cannot be stored is named too; what stands before it is done', async () => {
  await write('p-7', 'copy x', 'unstorable')
  const failure = await forwarder.deliver(await eventsOf('p-7')).catch((error: unknown) => error)
  expect(failure).toMatchObject({ name: 'EventHandlingFailure', event: { payload: { text: 'unstorable' } } })
  expect(failure).toHaveProperty('message', expect.stringContaining('CAIRN_PAYLOAD_TOO_LARGE'))
  expect(await eventually(async () => (await copies('p-7')).length === 1)).toBe(true)
  expect(await copies('p-7')).toEqual(['copy x 1'])
})

test('an event that cannot be handled is named; what stands before it is done, and other instances go on', async () => {
  await write('p-4', 'copy x', 'broken', 'copy y')
  await write('p-5', 'copy z')
  const events = (await allEvents(stores)).filter(({ aggregateId }) => ['p-4', 'p-5'].includes(aggregateId))
  const failure = await forwarder.deliver(events).catch((error: unknown) => error)
  expect(failure).toMatchObject({ name: 'EventHandlingFailure', othersKept: true, event: { payload: { text: 'broken' } } })
  expect(await eventually(async () => (await copies('p-4')).length === 1 && (await copies('p-5')).length === 1)).toBe(true)
  expect(await copies('p-4')).toEqual(['copy x 1'])
})

test('what a newer definition wants is not done by a worker that has an older one, and not taken for done', async () => {
  await write('p-9', 'copy a')
  const ahead = new ProcessForwarder(
    client,
    { kind: 'shared', name: 'cairn' },
    processes.definitions.map((definition) => ({ ...definition, version: definition.version + 1 })),
    resolveRouterOptions({ idleMs: 1_000, tryMs: 1_000, giveUpAfterMs: 3_000 }),
  )
  await expect(ahead.deliver(await eventsOf('p-9'))).rejects.toMatchObject({ code: 'CAIRN_TEMPORAL_UNAVAILABLE' })
  await ahead.close()
  expect(await stores.processes.load([{ processManager: 'reminders', tenantId: 't', instanceId: 'p-9' }])).toEqual([undefined])
  await client.workflow.getHandle(processWorkflowId('t', 'reminders', 'p-9')).terminate('by the test')
})
