import { expect, test } from 'vitest'
import { z } from 'zod'
import type { Command, RecordedEvent } from '../contracts/index.ts'
import { defineCommands } from '../definition/define-commands.ts'
import { defineEvents } from '../definition/define-events.ts'
import { derivedUuid } from '../ids/uuid.ts'
import type { SubscriptionTransaction } from '../ports/subscription-store.port.ts'
import { EventHandlingFailure } from '../subscriptions/event-handling-failure.ts'
import { defineProcessManager } from './define-process-manager.ts'
import type { InstanceKey, ProcessInstance } from './instance.ts'
import { ProcessManagerProcessor } from './process-manager-processor.ts'

const events = defineEvents('job', { poked: z.object({}), hurt: z.object({}) })
const commands = defineCommands('job', { note: z.object({ n: z.int() }) })
const counter = defineProcessManager('counter', { events: [events], initial: () => ({ n: 0 }) })
  .correlate({ 'job.poked': (e) => e.aggregateId, 'job.hurt': (e) => e.aggregateId })
  .on({
    'job.poked': ({ n }, e) => ({ state: { n: n + 1 }, send: [commands.note({ jobId: e.aggregateId, n: n + 1 })] }),
    'job.hurt': () => {
      throw new Error('ouch')
    },
  })

function event(position: number, type: 'job.poked' | 'job.hurt' = 'job.poked', aggregateId = 'j'): RecordedEvent {
  const metadata = { correlationId: 'c', causationId: 'c', schemaVersion: 1 }
  const id = derivedUuid('event', String(position))
  return {
    id,
    tenantId: 't',
    type,
    payload: {},
    aggregateType: 'job',
    aggregateId,
    version: position,
    position,
    recordedAt: new Date(position),
    metadata,
  }
}

function setUp() {
  const stored = new Map<string, ProcessInstance>()
  const sent: Command[] = []
  const loads: (readonly InstanceKey[])[] = []
  const processor = new ProcessManagerProcessor({
    definition: counter,
    instances: {
      load: async (keys) => {
        loads.push(keys)
        return keys.map(({ instanceId }) => stored.get(instanceId))
      },
    },
    services: { schemaVersionOf: () => 7 },
    opened: { partition: 0, partitions: 1, signal: new AbortController().signal },
  })
  const tx: SubscriptionTransaction = {
    rows: { load: async () => [], write: async () => undefined },
    commands: { enqueue: async (queued) => void sent.push(...queued.map(({ command }) => command)), cancel: async () => 0 },
    instances: {
      load: async () => [],
      list: async () => [],
      count: async () => [],
      save: async (instances) => {
        for (const instance of instances) stored.set(instance.instanceId, instance)
      },
    },
  }
  const commit = async (): Promise<void> => {
    await processor.commit(tx)
    processor.committed()
  }
  return { processor, commit, stored, sent, loads }
}

test('a batch loads its instances in one go, and later ones not again', async () => {
  const { processor, commit, loads, sent } = setUp()
  await processor.handle([event(1), event(2, 'job.poked', 'k'), event(3)])
  await processor.handle([event(4)])
  await commit()
  expect(loads.map((keys) => keys.map(({ instanceId }) => instanceId))).toEqual([['j', 'k']])
  expect(sent.map(({ aggregateId, payload }) => [aggregateId, payload])).toEqual([
    ['j', { n: 1 }],
    ['k', { n: 1 }],
    ['j', { n: 2 }],
    ['j', { n: 3 }],
  ])
  expect(sent[0]?.metadata.schemaVersion).toBe(7)
})

test('what was rolled back is forgotten, and comes again as it was', async () => {
  const { processor, commit, stored, sent } = setUp()
  await processor.handle([event(1)])
  await commit()
  await processor.handle([event(2), event(3)])
  processor.reset()
  await processor.handle([event(2), event(3)])
  await commit()
  expect(stored.get('j')).toMatchObject({ state: { n: 3 }, steps: 3, position: 3 })
  expect(sent.map(({ payload }) => payload)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }])
})

test('what was committed is not sent again with the next commit', async () => {
  const { processor, commit, sent } = setUp()
  await processor.handle([event(1)])
  await commit()
  await processor.handle([event(2)])
  expect(processor.pending).toBe(2)
  await commit()
  expect(sent).toHaveLength(2)
})

test('an event that fails is named, and those before it stand', async () => {
  const { processor, commit, stored } = setUp()
  const failed = await processor.handle([event(1), event(2, 'job.hurt'), event(3)]).catch((error: unknown) => error)
  expect(failed).toBeInstanceOf(EventHandlingFailure)
  expect(failed).toMatchObject({ message: 'ouch', event: { position: 2 }, othersKept: true })
  await commit()
  expect(stored.get('j')).toMatchObject({ state: { n: 1 }, position: 1 })
})
