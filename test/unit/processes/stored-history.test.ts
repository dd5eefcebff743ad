import { StoredHistory } from '@cairn/core'
import { InMemoryEventStore } from '@cairn/infra/memory'
import { expect, test } from 'vitest'
import { newEventOf } from '../../support/process-rig.ts'

const stream = { tenantId: 't', aggregateType: 'job', aggregateId: 'j' }

test('an event that is newer than the horizon is waited for: a write of before may still appear', async () => {
  const store = new InMemoryEventStore()
  const { position } = await store.append({ stream, expected: 0, events: [newEventOf('job.done', {})] })
  // Another stream's write that has drawn its number, and commits when the horizon has been looked at twice.
  let looks = 0
  const horizon = async (): Promise<number> => {
    looks++
    if (looks === 2) await store.append({ stream: { ...stream, aggregateId: 'k' }, expected: 0, events: [newEventOf('job.done', {})] })
    return looks < 3 ? position - 1 : position + 5
  }
  const history = new StoredHistory({ store, lift: (event) => event, horizon })
  expect(await history.events({ ...stream, aggregateId: 'k' }, position + 5)).toHaveLength(1)
  expect(looks).toBe(3)
  // It is not asked about what is known.
  expect(await history.events(stream, position)).toHaveLength(1)
  expect(looks).toBe(3)
})

test('a horizon that does not move ends the wait with an error that may pass', async () => {
  const history = new StoredHistory({ store: new InMemoryEventStore(), lift: (event) => event, horizon: async () => 0, waitMs: 50 })
  await expect(history.events(stream, 1)).rejects.toMatchObject({ code: 'CAIRN_DATABASE_UNAVAILABLE', retryable: true })
})
