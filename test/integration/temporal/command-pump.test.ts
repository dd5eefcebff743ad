import { fileURLToPath } from 'node:url'
import { commandPump, PendingCommandSource, RealtimePumpBase, Registry, uuidv7, defineDomain, type CommandPumpOptions } from '@cairn/core'
import { PgDueCommands, PgPendingCommands } from '@cairn/infra/pg'
import { provideTemporal, startTcpProxy } from '@cairn/testing/services'
import { afterAll, expect, test } from 'vitest'
import { eventually } from '../../support/processes.ts'
import { queryOnce } from '../../support/query-once.ts'
import { testDatabase } from '../../support/test-database.ts'
import { Journal, linesOf } from './support/journal.ts'
import { openScheduler, openStores, startWorker } from './support/temporal-rig.ts'

const database = await testDatabase()
const server = await provideTemporal()
const stores = await openStores(database)
const taskQueues = { kind: 'tenant', tenants: ['t'] } as const
const worker = await startWorker(server.address, stores, {
  taskQueues,
  workflowsPath: fileURLToPath(new URL('support/workflows.ts', import.meta.url)),
})
const registry = new Registry([defineDomain('journals', { aggregates: [Journal] })])
const pending = new PgPendingCommands(stores.db)
const due = new PgDueCommands(stores.db)
afterAll(async () => {
  await worker.shutdown()
  await stores.close()
  await server.stop()
})

/** A row of somebody who knows nothing of Cairn. */
async function insert(journalId: string, text: string, id: string = uuidv7()): Promise<string> {
  await queryOnce(
    database.url,
    `insert into ${database.schema}.commands (id, tenant_id, type, payload) values ($1, 't', 'journal.note', $2)`,
    [id, JSON.stringify({ journalId, text })],
  )
  return id
}

const rowOf = (id: string) => stores.commands.getById('t', id)

function pumpOf(scheduler: CommandPumpOptions['scheduler'], options: Partial<CommandPumpOptions> = {}) {
  const source = new PendingCommandSource({ pending, registry, due, pollMs: 20 })
  const config = commandPump({ scheduler, commands: stores.commands, schema: database.schema, ...options })
  return new RealtimePumpBase({ ...config, retry: { backoff: { kind: 'fixed', delayMs: 50 } } }, { source })
}

test('rows inserted by SQL alone are carried out by Temporal, in order; one refused for good fails alone', async () => {
  const { scheduler, close } = openScheduler(server.address, stores, { taskQueues })
  const pump = pumpOf(scheduler)
  const ids: string[] = []
  for (let i = 0; i < 30; i++) ids.push(await insert(`j-${i % 3}`, i === 7 ? 'refuse me' : `line ${i}`))
  await pump.start()
  const statuses = async () => (await Promise.all(ids.map(rowOf))).map((row) => row?.status)
  expect(await eventually(async () => (await statuses()).every((status) => status === 'processed' || status === 'failed'))).toBe(true)
  expect((await statuses()).flatMap((status, i) => (status === 'failed' ? [i] : []))).toEqual([7])
  expect(await linesOf(stores.store, 't', 'j-1')).toEqual([1, 4, 10, 13, 16, 19, 22, 25, 28].map((i) => `line ${i}`))
  await pump.stop()
  await close()
})

test('a command’s type decides its workflow, named by tenant and command, in the tenant’s queue; a repetition joins the run', async () => {
  const { scheduler, client, close } = openScheduler(server.address, stores, { taskQueues, workflowTypes: ['approval'] })
  const pump = pumpOf(scheduler, { workflows: { 'journal.note': 'approval' } })
  const id = await insert('j-workflow', 'please')
  await pump.start()
  expect(await eventually(async () => (await rowOf(id))?.status === 'consumed')).toBe(true)
  const handle = client.workflow.getHandle(`t-${id}`)
  const { runId, taskQueue } = await handle.describe()
  expect(taskQueue).toBe('tenant-t')
  // Its scheduler died before it was marked, say: the row comes again.
  await stores.commands.markStatus('t', id, { status: 'pending' })
  expect(await eventually(async () => (await rowOf(id))?.status === 'consumed')).toBe(true)
  expect((await handle.describe()).runId).toBe(runId)
  await handle.signal('approve', 'Ada')
  expect(await eventually(async () => (await rowOf(id))?.status === 'processed')).toBe(true)
  await pump.stop()
  await close()
})

test('while Temporal cannot be reached rows stay pending and the pump says so; a workflow that nobody registered fails its row', async () => {
  const nobody = await startTcpProxy(1)
  const away = openScheduler(`127.0.0.1:${nobody.port}`, stores, { taskQueues, giveUpAfterMs: 400, tryMs: 300 })
  const pump = pumpOf(away.scheduler)
  const ids = [await insert('j-away', 'one'), await insert('j-away', 'two')]
  await pump.start()
  expect(await eventually(() => pump.status.counters.failed >= 2)).toBe(true)
  expect(pump.status).toMatchObject({ state: 'error', error: { code: 'CAIRN_TEMPORAL_UNAVAILABLE' } })
  expect((await Promise.all(ids.map(rowOf))).map((row) => row?.status)).toEqual(['pending', 'pending'])
  await pump.stop()
  await away.close()
  await nobody.stop()

  const { scheduler, close } = openScheduler(server.address, stores, { taskQueues })
  const back = pumpOf(scheduler)
  await back.start()
  expect(await eventually(async () => (await Promise.all(ids.map(rowOf))).every((row) => row?.status === 'processed'))).toBe(true)
  expect(await linesOf(stores.store, 't', 'j-away')).toEqual(['one', 'two'])
  await back.stop()
  const misled = pumpOf(scheduler, { workflows: { 'journal.note': 'aproval' } })
  const id = await insert('j-misled', 'x')
  await misled.start()
  expect(await eventually(async () => (await rowOf(id))?.status === 'failed')).toBe(true)
  expect((await rowOf(id))?.error).toMatchObject({ code: 'CAIRN_UNKNOWN_WORKFLOW_TYPE' })
  await misled.stop()
  await close()
})
