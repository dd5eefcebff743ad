import { fileURLToPath } from 'node:url'
import { setTimeout as delay } from 'node:timers/promises'
import { uuidv7 } from '@cairn/core'
import { PgDueCommands } from '@cairn/infra/pg'
import { provideTemporal } from '@cairn/testing/services'
import { afterAll, expect, test } from 'vitest'
import { eventually } from '../../support/processes.ts'
import { testDatabase } from '../../support/test-database.ts'
import { linesOf, note } from './support/journal.ts'
import { openScheduler, openStores, startWorker } from './support/temporal-rig.ts'

const database = await testDatabase()
const server = await provideTemporal()
const stores = await openStores(database)
const taskQueues = { kind: 'tenant', tenants: ['t', 'a_b'] } as const
const workflowsPath = fileURLToPath(new URL('support/workflows.ts', import.meta.url))
const worker = await startWorker(server.address, stores, { taskQueues, workflowsPath })
const { scheduler, client, close } = openScheduler(server.address, stores, {
  taskQueues,
  workflows: { 'journal.approve': 'approval' },
  workflowTypes: ['failing'],
})
afterAll(async () => {
  await close()
  await worker.shutdown()
  await stores.close()
  await server.stop()
})

const rowOf = (id: string, tenantId = 't') => stores.commands.getById(tenantId, id)

test('a command starts a workflow of the user’s own; a repetition joins its run; its end is the command’s', async () => {
  const command = note('a_b', 'w-1', 'please')
  const started = await scheduler.scheduleWorkflow(command, { workflowType: 'approval' })
  expect(started).toMatchObject({ workflowId: `a_b-${command.id}`, joined: false })
  const joined = await scheduler.scheduleWorkflow(command, { workflowType: 'approval' })
  expect(joined).toMatchObject({ workflowId: started.workflowId, runId: started.runId, joined: true })
  expect((await client.workflow.getHandle(started.workflowId).describe()).taskQueue).toBe('tenant-a_b')
  expect(await rowOf(command.id, 'a_b')).toMatchObject({ status: 'consumed', attempts: 1 })
  await client.workflow.getHandle(started.workflowId).signal('approve', 'Ada')
  const result = { by: 'Ada', command: command.id }
  expect(await Promise.all([started.result(), joined.result()])).toEqual([result, result])
  // Written by the workflow itself, whoever still waits for it.
  expect(await rowOf(command.id, 'a_b')).toMatchObject({ status: 'processed', result })
  const again = await scheduler.scheduleWorkflow(command, { workflowType: 'approval' })
  expect([again.joined, await again.result()]).toEqual([true, result])
})

test('the command’s type decides who carries it out: its own workflow, or its aggregate’s', async () => {
  const approve = { ...note('t', 'w-2', 'please'), type: 'journal.approve' }
  const waiting = scheduler.schedule(approve)
  expect((await scheduler.schedule(note('t', 'w-2', 'meanwhile'))).status).toBe('processed')
  const handle = client.workflow.getHandle(`t-${approve.id}`)
  expect(await eventually(async () => (await rowOf(approve.id))?.status === 'consumed')).toBe(true)
  await handle.signal('approve', 'Bob')
  expect(await waiting).toMatchObject({ status: 'processed', result: { by: 'Bob', command: approve.id } })
  expect(await linesOf(stores.store, 't', 'w-2')).toEqual(['meanwhile'])
})

test('a workflow that fails fails its command, and one that is terminated does so for whoever waits', async () => {
  const failing = note('t', 'w-3', 'x')
  const failed = await scheduler.scheduleWorkflow(failing, { workflowType: 'failing' })
  await expect(failed.result()).rejects.toThrow('Workflow execution failed')
  expect(await rowOf(failing.id)).toMatchObject({
    status: 'failed',
    error: { message: `failing of ${failing.id} failed.`, retryable: false },
  })

  const approve = { ...note('t', 'w-3', 'y'), type: 'journal.approve' }
  const waiting = scheduler.schedule(approve)
  expect(await eventually(async () => (await rowOf(approve.id))?.status === 'consumed')).toBe(true)
  await client.workflow.getHandle(`t-${approve.id}`).terminate('by the test')
  expect(await waiting).toMatchObject({ status: 'failed', error: { code: 'CAIRN_WORKFLOW_FAILED' } })
})

test('what a workflow was named for is never carried out by its aggregate, also where Temporal was away; asked again, it starts', async () => {
  const away = openScheduler('127.0.0.1:1', stores, { taskQueues, workflowTypes: ['approval'] })
  const due = new PgDueCommands(stores.db)
  const me = { id: uuidv7(), label: 'another process', types: ['journal.note'] }
  const held = note('t', 'w-7', 'only when approved')
  const started = note('t', 'w-7', 'also only when approved')
  await expect(away.scheduler.scheduleWorkflow(held, { workflowType: 'approval' })).rejects.toMatchObject({
    code: 'CAIRN_TEMPORAL_UNAVAILABLE',
  })
  await away.close()
  await scheduler.scheduleWorkflow(started, { workflowType: 'approval' })
  await delay(20)
  // As unownedAfterMs does after its time.
  expect(await due.beat(me, 10_000, 10)).toBe(0)
  const later = note('t', 'w-7', 'meanwhile')
  await stores.commands.upsert(later)
  expect((await due.claimDue(me, 100)).commands.map(({ command }) => command.id)).toEqual([later.id])
  expect(await scheduler.scheduleWorkflow(held, { workflowType: 'approval' })).toMatchObject({ joined: false })
  for (const { id } of [held, started]) {
    expect(await rowOf(id)).toMatchObject({ status: 'consumed', attempts: 1 })
    await scheduler.cancelWorkflow('t', id)
    expect(await eventually(async () => (await rowOf(id))?.status === 'failed')).toBe(true)
  }
  expect(await linesOf(stores.store, 't', 'w-7')).toEqual([])
})

test('where the command’s type names the workflow, its row waits for whoever takes it; once it runs, nobody is given it back', async () => {
  const away = openScheduler('127.0.0.1:1', stores, { taskQueues, workflows: { 'journal.approve': 'approval' } })
  const approve = { ...note('t', 'w-8', 'please'), type: 'journal.approve' }
  await expect(away.scheduler.scheduleWorkflow(approve, { workflowType: 'approval' })).rejects.toThrow('Temporal')
  await away.close()
  expect(await rowOf(approve.id)).toMatchObject({ status: 'pending' })
  await scheduler.scheduleWorkflow(approve, { workflowType: 'approval' })
  await delay(20)
  await new PgDueCommands(stores.db).beat({ id: uuidv7(), label: 'another process', types: [] }, 10_000, 10)
  expect(await rowOf(approve.id)).toMatchObject({ status: 'consumed' })
  await scheduler.cancelWorkflow('t', approve.id)
})

test('a workflow that is cancelled ends, and its command with it', async () => {
  const command = note('t', 'w-6', 'x')
  await scheduler.scheduleWorkflow(command, { workflowType: 'approval' })
  expect(await scheduler.cancelWorkflow('t', command.id)).toBe(true)
  expect(await eventually(async () => (await rowOf(command.id))?.status === 'failed')).toBe(true)
  expect(await rowOf(command.id)).toMatchObject({ error: { code: 'CAIRN_COMMAND_CANCELLED' } })
  expect(await eventually(async () => !(await scheduler.cancelWorkflow('t', command.id)))).toBe(true)
})

test('a workflow type that nobody registered is refused, and the command fails with the reason', async () => {
  const command = note('t', 'w-4', 'x')
  const refusal = await scheduler.scheduleWorkflow(command, { workflowType: 'aproval' }).catch((error: unknown) => error)
  expect(refusal).toMatchObject({ code: 'CAIRN_UNKNOWN_WORKFLOW_TYPE', retryable: false, details: { known: ['approval', 'failing'] } })
  expect(await rowOf(command.id)).toMatchObject({ status: 'failed', error: { code: 'CAIRN_UNKNOWN_WORKFLOW_TYPE' } })
})

test('each tenant’s commands go through its own queue; one whose queue nobody serves waits and is told', async () => {
  const impatient = openScheduler(server.address, stores, { taskQueues, giveUpAfterMs: 8_000 })
  const lonely = note('nobody', 'w-5', 'x')
  const [own, other] = await Promise.allSettled([
    impatient.scheduler.schedule(note('a_b', 'w-5', 'x')),
    impatient.scheduler.schedule(lonely),
  ])
  expect(own).toMatchObject({ status: 'fulfilled', value: { status: 'processed' } })
  expect(other).toMatchObject({ status: 'rejected', reason: { code: 'CAIRN_TEMPORAL_UNAVAILABLE' } })
  expect(await rowOf(lonely.id, 'nobody')).toMatchObject({ status: 'pending' })
  await impatient.close()
})
