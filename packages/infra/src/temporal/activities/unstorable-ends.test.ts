import { BusinessRuleViolation, silentLogger, type Command, type Dispatched } from '@cairn/core'
import { expect, test } from 'vitest'
import { InMemoryCommandStore } from '../../memory/in-memory-command-store.ts'
import { commandBatches } from '../command-batches.ts'
import { executeCommands } from './execute-commands.ts'
import { finishCommand } from './finish-command.ts'

const tenantId = 't'
const idOf = (n: number): string => `0190a000-0000-7000-8000-00000000000${n}`

const commandOf = (n: number): Command => ({
  id: idOf(n),
  tenantId,
  type: 'order.create',
  aggregateType: 'order',
  aggregateId: `o-${n}`,
  payload: {},
  metadata: { correlationId: 'c', causationId: 'c', schemaVersion: 1 },
})

const done = (aggregateId: string): Dispatched => ({ aggregateId, version: 1, position: 1, events: [], duplicate: false })

test('a batch ends all of its commands, those too whose result or failure cannot be stored as it is', async () => {
  const store = new InMemoryCommandStore({ maxPayloadBytes: 400 })
  for (const n of [1, 2, 3]) await store.upsert(commandOf(n))
  const outcomes: PromiseSettledResult<Dispatched>[] = [
    { status: 'fulfilled', value: done('x'.repeat(500)) },
    { status: 'rejected', reason: new BusinessRuleViolation('No.', { details: { text: 'x'.repeat(500) } }) },
    { status: 'fulfilled', value: done('o-3') },
  ]
  const run = executeCommands({
    batches: commandBatches(store),
    bus: { dispatchAll: async () => outcomes },
    logger: silentLogger,
    maxAttempts: 3,
  })
  expect(await run(tenantId, [1, 2, 3].map(idOf))).toEqual([{ status: 'processed' }, { status: 'failed' }, { status: 'processed' }])
  expect(await store.getById(tenantId, idOf(1))).toMatchObject({ status: 'processed', result: undefined })
  expect(await store.getById(tenantId, idOf(2))).toMatchObject({
    status: 'failed',
    error: { code: 'CAIRN_BUSINESS_RULE', message: 'No.', details: { note: expect.stringMatching(/could not be stored/) } },
  })
  expect(await store.getById(tenantId, idOf(3))).toMatchObject({ status: 'processed', result: { aggregateId: 'o-3' } })
})

test('a workflow whose result is too large for the row has ended all the same', async () => {
  const store = new InMemoryCommandStore({ maxPayloadBytes: 400 })
  await store.upsert(commandOf(1))
  await finishCommand(store)({ tenantId, commandId: idOf(1) }, { status: 'processed', result: 'x'.repeat(500) })
  expect(await store.getById(tenantId, idOf(1))).toMatchObject({ status: 'processed', result: undefined })
})
