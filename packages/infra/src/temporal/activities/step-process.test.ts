import { defineEvents, defineProcessManager, type RecordedEvent } from '@cairn/core'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { InMemoryCommandStore } from '../../memory/in-memory-command-store.ts'
import { InMemoryProcessStore } from '../../memory/processes/in-memory-process-store.ts'
import { commandBatches } from '../command-batches.ts'
import { stepProcess } from './step-process.ts'

const events = defineEvents('visit', { seen: z.object({}) })
const day = z.codec(z.iso.datetime(), z.date(), { decode: (text) => new Date(text), encode: (date) => date.toISOString() })

const eventAt = (version: number): RecordedEvent => ({
  id: `0190a000-0000-7000-8000-00000000000${version}`,
  tenantId: 't',
  type: 'visit.seen',
  payload: {},
  aggregateType: 'visit',
  aggregateId: 'v',
  version,
  position: version,
  recordedAt: new Date(version),
  metadata: { correlationId: 'c', causationId: 'c', schemaVersion: 1 },
})

test('a state with codecs is decoded for each step, and kept as JSON between them', async () => {
  const given: Date[] = []
  const guide = defineProcessManager('guide', {
    events: [events],
    initial: () => ({ last: new Date(0) }),
    state: z.object({ last: day }),
  })
    .correlate({ 'visit.seen': (e) => e.aggregateId })
    .on({
      'visit.seen': ({ last }, event) => {
        given.push(last)
        return { state: { last: event.recordedAt } }
      },
    })
  const commands = new InMemoryCommandStore()
  const transactions = new InMemoryProcessStore(commands)
  const run = stepProcess(
    { definitions: [guide], transactions, readEvent: async (_, version) => eventAt(version) },
    commandBatches(commands),
  )
  const key = { processManager: 'guide', tenantId: 't', instanceId: 'v' }
  const refs = [1, 2, 3].map((version) => ({ aggregateType: 'visit', aggregateId: 'v', version, position: version }))
  await run(key, refs.slice(0, 2))
  await run(key, refs.slice(2))
  expect(given).toEqual([new Date(0), new Date(1), new Date(2)])
  expect((await transactions.load([key]))[0]?.state).toEqual({ last: new Date(3).toISOString() })
})
