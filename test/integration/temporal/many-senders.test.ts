import { provideTemporal } from '@cairn/testing/services'
import { afterAll, expect, test } from 'vitest'
import { z } from 'zod'
import { testDatabase } from '../../support/test-database.ts'
import { startChild } from './support/children.ts'
import { linesOf, note } from './support/journal.ts'
import { openScheduler, openStores, startWorker } from './support/temporal-rig.ts'
import { workflowId } from '@cairn/infra/temporal'

const database = await testDatabase()
// Suggests to continue as new early, so that few commands cross it.
const server = await provideTemporal({ own: true, dynamicConfig: { 'limit.historyCount.suggestContinueAsNew': 40 } })
const stores = await openStores(database)
const worker = await startWorker(server.address, stores)
afterAll(async () => {
  await worker.shutdown()
  await stores.close()
  await server.stop()
})

const Outcomes = z.array(
  z.object({
    id: z.string(),
    answered: z.string(),
    status: z.string(),
    text: z.object({ text: z.string() }),
    result: z.object({ version: z.int() }),
  }),
)

test('three processes send to one aggregate at once: all is applied once, each process in its order, each caller gets its own', async () => {
  const names = ['red', 'green', 'blue']
  const count = 150
  const children = names.map((name) =>
    startChild('router-child.ts', { database, address: server.address, journalId: 'shared', name, count }),
  )
  const outcomes = await Promise.all(children.map(async ({ line }) => Outcomes.parse(JSON.parse((await line) ?? 'null'))))
  await Promise.all(children.map((child) => child.end()))
  const lines = await linesOf(stores.store, 't', 'shared')
  expect(lines.length).toBe(names.length * count)
  expect(new Set(lines).size).toBe(lines.length)
  for (const [i, name] of names.entries()) {
    expect(lines.filter((line) => line.startsWith(name))).toEqual(Array.from({ length: count }, (_, n) => `${name} ${n}`))
    const own = outcomes[i] ?? []
    expect(own.every(({ id, answered, status }) => id === answered && status === 'processed')).toBe(true)
    expect(own.map(({ result }) => lines[result.version - 1])).toEqual(own.map(({ text }) => text.text))
  }
})

test('5,000 commands to one aggregate cross continue-as-new: all is applied once, in order', async () => {
  // The server alone says when.
  const { scheduler, client, close } = openScheduler(server.address, stores, { maxBatch: 250, maxHistoryEvents: 1_000_000, idleMs: 60_000 })
  const commands = Array.from({ length: 5_000 }, (_, i) => note('t', 'long', `line ${i}`))
  const rows = await Promise.all(commands.map((command) => scheduler.schedule(command)))
  expect(rows.every(({ status }) => status === 'processed')).toBe(true)
  expect(await linesOf(stores.store, 't', 'long')).toEqual(commands.map((_, i) => `line ${i}`))
  const handle = client.workflow.getHandle(workflowId('t', 'journal', 'long'))
  const { runId } = await handle.describe()
  const { events = [] } = await handle.fetchHistory()
  const start = events?.[0]?.workflowExecutionStartedEventAttributes
  expect(start?.continuedExecutionRunId).toBeTruthy()
  expect(start?.firstExecutionRunId).not.toBe(runId)
  await close()
})
