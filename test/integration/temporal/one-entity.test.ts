import { workflowId } from '@cairn/infra/temporal'
import { provideTemporal } from '@cairn/testing/services'
import { afterAll, expect, test } from 'vitest'
import { z } from 'zod'
import { eventually } from '../../support/processes.ts'
import { testDatabase } from '../../support/test-database.ts'
import { linesOf, note } from './support/journal.ts'
import { openScheduler, openStores, startWorker } from './support/temporal-rig.ts'

const database = await testDatabase()
const server = await provideTemporal()
const stores = await openStores(database)
const worker = await startWorker(server.address, stores)
const { scheduler, client, close } = openScheduler(server.address, stores)
const Result = z.object({ version: z.int() })
afterAll(async () => {
  await close()
  await worker.shutdown()
  await stores.close()
  await server.stop()
})

/** How long one command takes by itself, on this machine and under its load of now. */
async function loneCommandMs(): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < 5; i++) {
    const started = performance.now()
    await scheduler.schedule(note('t', 'pace', `line ${i}`))
    times.push(performance.now() - started)
  }
  return times.toSorted((a, b) => a - b)[2] ?? 0
}

async function updatesOf(journalId: string): Promise<number> {
  const { events } = await client.workflow.getHandle(workflowId('t', 'journal', journalId)).fetchHistory()
  return (events ?? []).filter((event) => event.workflowExecutionUpdateAcceptedEventAttributes).length
}

test.each([1, 100, 1_000])(
  '%i commands at once to one aggregate are applied in call order, each caller gets its own result, in few updates and under 2 s',
  async (count) => {
    const journalId = `j-${count}`
    const commands = Array.from({ length: count }, (_, i) => note('t', journalId, `line ${i}`))
    const paceBefore = await loneCommandMs()
    const started = performance.now()
    const rows = await Promise.all(commands.map((command) => scheduler.schedule(command)))
    const ms = performance.now() - started
    // The load may have come, or gone, meanwhile.
    const pace = Math.max(paceBefore, await loneCommandMs())
    expect(rows.map(({ status }) => status)).toEqual(commands.map(() => 'processed'))
    expect(rows.map(({ command }) => command.id)).toEqual(commands.map(({ id }) => id))
    expect(rows.map(({ result }) => Result.parse(result).version)).toEqual(commands.map((_, i) => i + 1))
    expect(await linesOf(stores.store, 't', journalId)).toEqual(commands.map((_, i) => `line ${i}`))
    expect(await updatesOf(journalId)).toBeLessThanOrEqual(Math.ceil(count / 500) + 1)
    // Two seconds where a lone command takes its usual 20 ms; a machine that does other things besides takes longer for both.
    expect(ms).toBeLessThan(Math.max(2_000, 100 * pace))
  },
)

test('a refused command fails, with its own error, and does not disturb those around it', async () => {
  const rows = await Promise.all(['one', 'refuse two', 'three'].map((text) => scheduler.schedule(note('t', 'refusing', text))))
  expect(rows.map(({ status }) => status)).toEqual(['processed', 'failed', 'processed'])
  expect(rows[1]?.error).toMatchObject({ code: 'CAIRN_BUSINESS_RULE', message: 'Refused: refuse two', retryable: false })
  expect(await linesOf(stores.store, 't', 'refusing')).toEqual(['one', 'three'])
})

test('the same command joins, at once and later, and other content under its id is refused', async () => {
  const command = note('t', 'joined', 'once')
  const [first, second] = await Promise.all([scheduler.schedule(command), scheduler.schedule(command)])
  expect(second).toEqual(first)
  expect((await scheduler.schedule(command)).result).toEqual(first.result)
  await expect(scheduler.schedule(note('t', 'joined', 'twice', command.id))).rejects.toMatchObject({ code: 'CAIRN_COMMAND_ID_REUSED' })
  expect(await linesOf(stores.store, 't', 'joined')).toEqual(['once'])
})

test('a command of another type than those that are known fails, and others go on', async () => {
  const unknown = { ...note('t', 'unknown', 'x'), type: 'journal.unknown' }
  const [row, other] = await Promise.all([scheduler.schedule(unknown), scheduler.schedule(note('t', 'unknown', 'y'))])
  expect([row.status, row.error?.code, other.status]).toEqual(['failed', 'CAIRN_UNKNOWN_TYPE', 'processed'])
})

test('a cancelled command does not run, and one that has run cannot be cancelled', async () => {
  const command = note('t', 'cancelled', 'never')
  await stores.batches.upsert([command])
  expect(await scheduler.cancel('t', command.id)).toBe(true)
  expect(await scheduler.schedule(command)).toMatchObject({ status: 'failed', error: { code: 'CAIRN_COMMAND_CANCELLED' } })
  const done = note('t', 'cancelled', 'done')
  await scheduler.schedule(done)
  expect(await scheduler.cancel('t', done.id)).toBe(false)
  expect(await linesOf(stores.store, 't', 'cancelled')).toEqual(['done'])
})

test('tenants and aggregates whose names would make one workflow id have workflows of their own', async () => {
  // Without encoding, both would be a_journal-b_journal-c.
  await Promise.all([scheduler.schedule(note('a', 'b_journal-c', 'of a')), scheduler.schedule(note('a_journal-b', 'c', 'of a_journal-b'))])
  expect(await linesOf(stores.store, 'a', 'b_journal-c')).toEqual(['of a'])
  expect(await linesOf(stores.store, 'a_journal-b', 'c')).toEqual(['of a_journal-b'])
  const ids = [workflowId('a', 'journal', 'b_journal-c'), workflowId('a_journal-b', 'journal', 'c')]
  const runs = await Promise.all(ids.map((id) => client.workflow.getHandle(id).describe()))
  expect(new Set(runs.map(({ runId }) => runId)).size).toBe(2)
})

test('an entity workflow that nobody needs any more completes', async () => {
  await scheduler.schedule(note('t', 'idle', 'x'))
  const handle = client.workflow.getHandle(workflowId('t', 'journal', 'idle'))
  expect(await eventually(async () => (await handle.describe()).status.name === 'COMPLETED')).toBe(true)
  expect((await scheduler.schedule(note('t', 'idle', 'y'))).status).toBe('processed')
})
