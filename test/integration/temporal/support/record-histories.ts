import { writeFile } from 'node:fs/promises'
import { ProcessForwarder, processWorkflowId, resolveRouterOptions, workflowId } from '@cairn/infra/temporal'
import { migrate } from '@cairn/infra/pg'
import { createDatabase, providePostgres, provideTemporal } from '@cairn/testing/services'
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js'
import { createLogins, type TestLogin } from '../../../support/test-logins.ts'
import { note } from './journal.ts'
import { allEvents, processParts } from './reminders.ts'
import { openScheduler, openStores, startWorker } from './temporal-rig.ts'

/**
 * Records histories of Cairn's workflows for the replay test. Run it by hand after a new kind of step was added to a workflow, in
 * the version that adds it, and keep the old files beside the new: histories like them are running somewhere.
 *
 *   node test/integration/temporal/support/record-histories.ts <version>
 */
const version = process.argv[2] ?? 'v1'
const folder = new URL('../../../fixtures/temporal-histories/', import.meta.url)
const [postgres, temporal] = await Promise.all([providePostgres(), provideTemporal({ own: true })])
const { url, drop } = await createDatabase(postgres.url)
const { contextKey } = await migrate({ url })
const { logins, drop: dropLogins } = await createLogins(postgres.url, 'cairn')
const urlOf = ({ user, password }: TestLogin): string => Object.assign(new URL(url), { username: user, password }).href
const stores = await openStores({ appUrl: urlOf(logins.app), workerUrl: urlOf(logins.worker), contextKey, schema: 'cairn' })
const { scheduler, client, close } = openScheduler(temporal.address, stores, { idleMs: 1_000, maxHistoryEvents: 30 })
const processes = processParts(stores)
const worker = await startWorker(temporal.address, stores, {
  processes: { ...processes, carryOut: (command) => scheduler.carryOut(command) },
})
const queues = { kind: 'shared', name: 'cairn' } as const
const forwarder = new ProcessForwarder(client, queues, processes.definitions, resolveRouterOptions({ idleMs: 1_000, maxHistoryEvents: 60 }))
const long = new ProcessForwarder(client, queues, processes.definitions, resolveRouterOptions({ idleMs: 1_000, maxHistoryEvents: 20 }))

async function save(name: string, id: string, runId?: string): Promise<void> {
  const handle = client.workflow.getHandle(id, runId)
  await handle.result().catch(() => undefined)
  const history = await handle.fetchHistory()
  // Whose machine it was does not matter.
  const text = historyToJSON(history).replaceAll(/"identity": ?"[^"]*"/g, '"identity": "recorder"')
  await writeFile(new URL(`${name}.${version}.json`, folder), `${text}\n`)
  console.log(`${name}: ${history.events?.length} events`)
}

async function deliver(to: ProcessForwarder, journalId: string, ...lines: readonly string[]): Promise<void> {
  for (const line of lines) await scheduler.schedule(note('t', journalId, line))
  await to.deliver((await allEvents(stores)).filter(({ aggregateId }) => aggregateId === journalId))
}

/** The first run of a workflow, which may have continued as new since. */
async function firstRun(id: string): Promise<string | undefined> {
  const { events } = await client.workflow.getHandle(id).fetchHistory()
  return events?.[0]?.workflowExecutionStartedEventAttributes?.firstExecutionRunId ?? undefined
}

// One after another, a batch, one that is refused, and the end after a quiet time.
await scheduler.schedule(note('t', 'entity', 'one'))
await Promise.all(['two', 'refuse', 'three'].map((text) => scheduler.schedule(note('t', 'entity', text))))
await save('entity', workflowId('t', 'journal', 'entity'))

for (let i = 0; i < 12; i++) await scheduler.schedule(note('t', 'long', `line ${i}`))
const longId = workflowId('t', 'journal', 'long')
await save('entity-continued', longId, await firstRun(longId))

await deliver(forwarder, 'timer', 'remind 1200', 'copy now')
await save('process-timer', processWorkflowId('t', 'reminders', 'timer'))
await deliver(forwarder, 'cancelled', 'remind 60000')
await deliver(forwarder, 'cancelled', 'enough')
await deliver(forwarder, 'cancelled', 'end')
await save('process-cancelled', processWorkflowId('t', 'reminders', 'cancelled'))
await deliver(long, 'many', 'remind 4000')
for (let i = 0; i < 6; i++) await deliver(long, 'many', `copy ${i}`)
const manyId = processWorkflowId('t', 'reminders', 'many')
await save('process-continued', manyId, await firstRun(manyId))

await Promise.all([forwarder.close(), long.close()])
await close()
await worker.shutdown()
await stores.close()
await drop()
await dropLogins()
await Promise.all([postgres.stop(), temporal.stop()])
