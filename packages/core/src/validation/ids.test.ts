import { expect, test } from 'vitest'
import { InvalidInputError } from '../errors/input.ts'
import { uuidv7 } from '../ids/uuid.ts'
import { assertAggregateId, assertStreamKey, assertTenantId, assertUuid } from './ids.ts'

test('tenant and aggregate ids are text of 1 to 200 characters', () => {
  for (const good of ['system', 'x', 'a'.repeat(200), '😀'.repeat(200), 'müller & söhne', ' ', 'a/b%_-', '-1']) {
    expect(() => assertTenantId(good)).not.toThrow()
    expect(() => assertAggregateId('orderId', good)).not.toThrow()
  }
  for (const bad of ['', 'a'.repeat(201), '😀'.repeat(201), 'a\0b', '\ud800', undefined, null, 5, {}, ['a']]) {
    expect(() => assertTenantId(bad)).toThrow(InvalidInputError)
    expect(() => assertAggregateId('orderId', bad)).toThrow(/orderId/)
  }
})

test('a stream key is checked in all of its parts, and the error names the part', () => {
  const key = { tenantId: 't', aggregateType: '$bus', aggregateId: 'a' }
  expect(() => assertStreamKey(key)).not.toThrow()
  for (const field of ['tenantId', 'aggregateType', 'aggregateId'] as const) {
    for (const bad of ['', 'a\0', '\udc00', 'a'.repeat(201)]) {
      expect(() => assertStreamKey({ ...key, [field]: bad })).toThrow(expect.objectContaining({ code: 'CAIRN_INVALID_INPUT', field }))
    }
  }
})

test('event and command ids are UUIDs, and the message says how to make one from a key', () => {
  expect(() => assertUuid('command id', uuidv7().toUpperCase())).not.toThrow()
  for (const bad of ['order-1', '', undefined, 7])
    expect(() => assertUuid('command id', bad)).toThrow(/command id must be a UUID .*derivedUuid/)
})
