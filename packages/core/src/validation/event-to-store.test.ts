import { expect, test } from 'vitest'
import type { EventToStore } from '../contracts/event.ts'
import { PayloadTooLargeError } from '../errors/input.ts'
import { uuidv7 } from '../ids/uuid.ts'
import { assertEventToStore, encodeMetadata } from './event-to-store.ts'

const metadata = { correlationId: 'c', causationId: 'c', schemaVersion: 1 }
const event = { id: uuidv7(), type: 'order.created', payload: {}, metadata }
const checked =
  (change: object): (() => void) =>
  () =>
    assertEventToStore({ ...event, ...change } as EventToStore)
const withMetadata = (change: object): (() => void) => checked({ metadata: { ...metadata, ...change } })

test('a sound event passes, unknown metadata with it', () => {
  expect(checked({})).not.toThrow()
  expect(withMetadata({ userId: 'u', tags: ['a'], custom: { any: ['json', null] } })).not.toThrow()
})

test('id, type and metadata are checked, and the error names the field', () => {
  const cases: readonly (readonly [() => void, string])[] = [
    [checked({ id: 'order-1' }), 'event id'],
    [checked({ type: '' }), 'event type'],
    [checked({ type: 'a\0' }), 'event type'],
    [checked({ metadata: undefined }), 'metadata'],
    [withMetadata({ correlationId: '' }), 'metadata.correlationId'],
    [withMetadata({ causationId: undefined }), 'metadata.causationId'],
    [withMetadata({ schemaVersion: 0 }), 'metadata.schemaVersion'],
    [withMetadata({ schemaVersion: 1.5 }), 'metadata.schemaVersion'],
    [withMetadata({ userId: 5 }), 'metadata.userId'],
    [withMetadata({ workflowId: 'a\0' }), 'metadata.workflowId'],
    [withMetadata({ projectId: 'x'.repeat(1_001) }), 'metadata.projectId'],
    [withMetadata({ role: '\ud800' }), 'metadata.role'],
    [withMetadata({ tags: 'a' }), 'metadata.tags'],
    [withMetadata({ tags: [1] }), 'metadata.tags'],
  ]
  for (const [check, field] of cases) expect(check).toThrow(expect.objectContaining({ code: 'CAIRN_INVALID_INPUT', field }))
})

test('metadata is guarded like a payload, with a smaller limit', () => {
  expect(JSON.parse(encodeMetadata('event order.created', metadata))).toEqual(metadata)
  expect(() => encodeMetadata('event order.created', { ...metadata, note: '\0' })).toThrow(/metadata of event order\.created holds a NUL/)
  expect(() => encodeMetadata('event order.created', { ...metadata, note: 'x'.repeat(70_000) })).toThrow(PayloadTooLargeError)
})
