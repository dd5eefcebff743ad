import { silentLogger, UpcastError, VersionConflictError, type Command } from '@cairn/core'
import { expect, test } from 'vitest'
import { InMemoryCommandStore } from '../../memory/in-memory-command-store.ts'
import { commandBatches } from '../command-batches.ts'
import { executeCommands } from './execute-commands.ts'

const commandOf = (n: number): Command => ({
  id: `0190a000-0000-7000-8000-00000000000${n}`,
  tenantId: 't',
  type: 'order.create',
  aggregateType: 'order',
  aggregateId: 'o-1',
  payload: {},
  metadata: { correlationId: 'c', causationId: 'c', schemaVersion: 1 },
})

test('a command that was held up by one that fails for good does not fail with it', async () => {
  const store = new InMemoryCommandStore()
  const commands = [commandOf(1), commandOf(2)]
  for (const command of commands) await store.upsert(command)
  const conflict = new VersionConflictError(commandOf(1), 0, 1)
  const run = executeCommands({
    batches: commandBatches(store),
    bus: { dispatchAll: async (all) => all.map(() => ({ status: 'rejected', reason: conflict })) },
    logger: silentLogger,
    maxAttempts: 1,
  })
  // Tried again by Temporal.
  const ids = commands.map(({ id }) => id)
  expect(await run('t', ids).catch(() => 'thrown')).toBe('thrown')
  const rows = await Promise.all(ids.map((id) => store.getById('t', id)))
  expect(rows.map((row) => row?.status)).toEqual(['failed', 'consumed'])
})

test('a command of newer code does not fail before other workers had time to take it', async () => {
  const store = new InMemoryCommandStore()
  const { id } = (await store.upsert(commandOf(1))).command
  const run = (newerGraceMs: number | undefined) =>
    executeCommands({
      batches: commandBatches(store),
      bus: { dispatchAll: async () => [{ status: 'rejected', reason: new UpcastError('order.create', 2, 1) }] },
      logger: silentLogger,
      maxAttempts: 1,
      newerGraceMs,
    })('t', [id])
  expect(await run(undefined).catch(() => 'thrown')).toBe('thrown')
  expect((await store.getById('t', id))?.status).toBe('consumed')
  expect(await run(0)).toEqual([{ status: 'failed' }])
})

test('those behind a command of newer code are left to others with it: when its time is over, theirs is too', async () => {
  const store = new InMemoryCommandStore()
  const commands = [commandOf(2), commandOf(3)]
  for (const command of commands) await store.upsert(command)
  // An event of the aggregate that this code does not know: the first that is begun meets it, and the others wait behind it.
  const run = (newerGraceMs: number) =>
    executeCommands({
      batches: commandBatches(store),
      bus: {
        dispatchAll: async (all) => {
          const reason = new UpcastError('order.created', 2, 1)
          return all.map(() => ({ status: 'rejected', reason }))
        },
      },
      logger: silentLogger,
      maxAttempts: 1,
      newerGraceMs,
    })('t', ids)
  const ids = commands.map(({ id }) => id)
  const statuses = async () => (await Promise.all(ids.map((id) => store.getById('t', id)))).map((row) => row?.status)
  expect(await run(100).catch(() => 'thrown')).toBe('thrown')
  await new Promise((resolve) => setTimeout(resolve, 120))
  expect(await run(100).catch(() => 'thrown')).toBe('thrown')
  expect(await statuses()).toEqual(['failed', 'consumed'])
  expect(await run(100)).toEqual([{ status: 'failed' }, { status: 'failed' }])
})
