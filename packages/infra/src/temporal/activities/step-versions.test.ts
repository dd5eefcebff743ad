import { defineEvents, defineProcessManager, versions, type ProcessManagerDefinition, type RecordedEvent } from '@cairn/core'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { InMemoryCommandStore } from '../../memory/in-memory-command-store.ts'
import { InMemoryProcessStore } from '../../memory/processes/in-memory-process-store.ts'
import { commandBatches } from '../command-batches.ts'
import type { EventRef } from '../workflows/contract.ts'
import { stepProcess } from './step-process.ts'

const First = z.object({ seen: z.number() })
const events = defineEvents('order', { placed: z.object({}), paid: z.object({}) })
const older = defineProcessManager('fulfilment', { events: [events], state: First, initial: () => ({ seen: 0 }) })
  .correlate({ 'order.placed': ({ aggregateId }) => aggregateId })
  .on({ 'order.placed': ({ seen }) => ({ state: { seen: seen + 1 } }) })
const newer = defineProcessManager('fulfilment', {
  events: [events],
  version: 2,
  state: versions(First)
    .next(z.object({ seen: z.number(), paid: z.boolean() }))
    .from(({ seen }) => ({ seen, paid: false })),
  initial: () => ({ seen: 0, paid: false }),
})
  .correlate({ 'order.placed': ({ aggregateId }) => aggregateId, 'order.paid': ({ aggregateId }) => aggregateId })
  .on({
    'order.placed': ({ seen, paid }) => ({ state: { seen: seen + 1, paid } }),
    'order.paid': ({ seen }) => ({ state: { seen, paid: true } }),
  })

const key = { processManager: 'fulfilment', tenantId: 't', instanceId: 'o-1' }
const log = ['order.placed', 'order.paid', 'order.placed'].map((type, i): RecordedEvent => ({
  id: `0190a000-0000-7000-8000-00000000000${i}`,
  tenantId: 't',
  aggregateType: 'order',
  aggregateId: 'o-1',
  type,
  payload: {},
  version: i + 1,
  position: i + 1,
  recordedAt: new Date(),
  metadata: { correlationId: 'c', causationId: 'c', schemaVersion: 1 },
}))
const refTo = (version: number, definitionVersion?: number): EventRef => ({
  aggregateType: 'order',
  aggregateId: 'o-1',
  version,
  position: version,
  definitionVersion,
})

/** Workers of two releases, on one database. */
function workers(latest: ProcessManagerDefinition = newer) {
  const commands = new InMemoryCommandStore()
  const instances = new InMemoryProcessStore(commands, () => undefined)
  const of = (definition: ProcessManagerDefinition) =>
    stepProcess(
      { definitions: [definition], transactions: instances, readEvent: async (_, version) => log[version - 1] },
      commandBatches(commands),
    )
  return { old: of(older), fresh: of(latest), stored: async () => (await instances.load([key]))[0] }
}

const elsewhere = { type: 'CAIRN_UNKNOWN_PROCESS_MANAGER', nonRetryable: false }

test('a worker with an older definition leaves what a newer one wants to a newer worker, and takes nothing for handled', async () => {
  const { old, fresh, stored } = workers()
  await old(key, [refTo(1)])
  await expect(old(key, [refTo(2, 2)])).rejects.toMatchObject(elsewhere)
  expect(await stored()).toMatchObject({ position: 1, version: 1 })
  await fresh(key, [refTo(2, 2)])
  expect(await stored()).toMatchObject({ position: 2, version: 2, state: { seen: 1, paid: true } })
})

test('nor does it step over an instance, or parks its event, that a newer definition has stepped over', async () => {
  const { old, fresh, stored } = workers()
  await fresh(key, [refTo(1, 2), refTo(2, 2)])
  // From an older forwarder, or one that says nothing.
  for (const ref of [refTo(3, 1), refTo(3)]) await expect(old(key, [ref])).rejects.toMatchObject(elsewhere)
  expect(await stored()).toMatchObject({ position: 2, state: { seen: 1, paid: true } })
  await fresh(key, [refTo(3, 1)])
  expect(await stored()).toMatchObject({ position: 3, state: { seen: 2, paid: true } })
})

test('a newer state alone is enough for that: it cannot be read here, which is no fault of the event', async () => {
  const { old, fresh, stored } = workers({ ...newer, version: 1 })
  await fresh(key, [refTo(1, 1)])
  await expect(old(key, [refTo(3, 1)])).rejects.toMatchObject(elsewhere)
  expect(await stored()).toMatchObject({ position: 1, stateVersion: 2 })
})
