import { silentLogger, VersionConflictError, type Command } from '@cairn/core'
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
