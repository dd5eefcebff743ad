import { defineProcessManager, StoredHistory, uuidv7, type RecordedEvent, type StepMeasurement } from '@cairn/core'
import { PgLogReader } from '@cairn/infra/pg'
import { ProcessForwarder, resolveRouterOptions, type ProcessParts } from '@cairn/infra/temporal'
import { provideTemporal } from '@cairn/testing/services'
import { afterAll, expect, test } from 'vitest'
import { eventually } from '../../support/processes.ts'
import { testDatabase } from '../../support/test-database.ts'
import { Journal, journalCommands, journalEvents, linesOf, note } from './support/journal.ts'
import { allEvents, processParts } from './support/reminders.ts'
import { openScheduler, openStores, startWorker } from './support/temporal-rig.ts'

/** Writes how many lines its journal and another have, at each line 'look'. */
const looker = defineProcessManager('looker', { events: [journalEvents], initial: () => ({ looks: 0 }) })
  .correlate({ 'journal.noted': ({ aggregateId }) => (aggregateId.startsWith('l-') ? aggregateId : undefined) })
  .on({
    'journal.noted': ({ looks }, { aggregateId, payload: { text } }, { loadAggregate, loadEvents, metric }) => {
      if (text === 'endless') for (;;) loadEvents('journal', uuidv7())
      if (text === 'nameless') loadEvents('journal', '')
      if (text !== 'look') return undefined
      const own = loadAggregate(Journal, aggregateId).state.lines
      const other = loadEvents('journal', 'other').length
      metric('looks', looks)
      const seen = journalCommands.note({ journalId: `seen-by-${aggregateId}`, text: `${own} and ${other}` })
      return { state: { looks: looks + 1 }, send: [seen] }
    },
  })

const database = await testDatabase()
const server = await provideTemporal()
const stores = await openStores(database)
const { scheduler, client, close } = openScheduler(server.address, stores)
const parts = processParts(stores, [looker])
const reader = new PgLogReader(stores.db)
const measured: StepMeasurement[] = []
/** Called at the end of each step's transaction, before it commits. */
let beforeCommit = async (): Promise<void> => {}
const processes: ProcessParts = {
  ...parts,
  history: new StoredHistory({ store: stores.store, lift: (event) => event, horizon: async () => (await reader.head()).horizon }),
  observer: { measured: (one) => void measured.push(one) },
  transactions: {
    transaction: (key, work) =>
      parts.transactions.transaction(key, async (tx) => {
        const done = await work(tx)
        await beforeCommit()
        return done
      }),
  },
}
const worker = await startWorker(server.address, stores, {
  processes: { ...processes, carryOut: (command) => scheduler.carryOut(command) },
})
const forwarder = new ProcessForwarder(client, { kind: 'shared', name: 'cairn' }, [looker], resolveRouterOptions({ idleMs: 1_000 }))
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
const eventsOf = async (journalId: string): Promise<readonly RecordedEvent[]> =>
  (await allEvents(stores)).filter(({ aggregateId }) => aggregateId === journalId)
const seenBy = (journalId: string): Promise<string[]> => linesOf(stores.store, 't', `seen-by-${journalId}`)

test('what a step loads is as it was at its event, though it runs later and again, in a batch and after more has happened', async () => {
  await scheduler.schedule(note('other-tenant', 'other', 'a'))
  await write('l-1', 'look')
  await write('other', 'a', 'b')
  await write('l-1', 'look', 'look')
  await write('other', 'c')
  let killed = 0
  beforeCommit = async () => {
    const [instance] = await stores.processes.load([{ processManager: 'looker', tenantId: 't', instanceId: 'l-1' }])
    if (killed === 3 || instance !== undefined) return
    killed++
    await write('other', 'd')
    await write('l-1', 'more')
    throw new Error('killed')
  }
  await forwarder.deliver((await eventsOf('l-1')).slice(0, 3))
  beforeCommit = async () => {}
  expect(killed).toBe(3)
  expect(await eventually(async () => (await seenBy('l-1')).length === 3)).toBe(true)
  expect(await seenBy('l-1')).toEqual(['1 and 0', '2 and 2', '3 and 2'])
  expect(measured.map(({ processManager, value }) => [processManager, value]).slice(-3)).toEqual([
    ['looker', 0],
    ['looker', 1],
    ['looker', 2],
  ])
})

test.each(['endless', 'nameless'])('a reaction whose load is %s fails its event; what stands before it is done', async (text) => {
  const id = `l-${text}`
  await write(id, 'look', text, 'look')
  const failure = await forwarder.deliver(await eventsOf(id)).catch((error: unknown) => error)
  expect(failure).toMatchObject({ name: 'EventHandlingFailure', event: { payload: { text } } })
  expect(await eventually(async () => (await seenBy(id)).length === 1)).toBe(true)
})
