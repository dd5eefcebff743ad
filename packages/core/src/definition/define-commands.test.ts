import { expect, test } from 'vitest'
import { z } from 'zod'
import { DefinitionError } from '../errors/domain.ts'
import { InvalidInputError, SchemaValidationError } from '../errors/input.ts'
import { uuidv7 } from '../ids/uuid.ts'
import { creates } from './creates.ts'
import { defineCommands } from './define-commands.ts'

const commands = defineCommands('order-line', {
  add: creates(z.object({ sku: z.string(), quantity: z.int().default(1) })),
  remove: z.object({}),
})
const v7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7/

test('a factory makes a command: full type, new id, target taken out of the payload, defaults filled in', () => {
  const command = commands.add({ orderLineId: 'l-1', sku: 'a' })
  expect(command).toEqual({
    id: expect.stringMatching(v7) as string,
    type: 'order-line.add',
    aggregateType: 'order-line',
    aggregateId: 'l-1',
    payload: { sku: 'a', quantity: 1 },
  })
  expect(commands.remove({ orderLineId: 'l-1' })).toMatchObject({ aggregateId: 'l-1', payload: {} })
  expect(commands.remove.type).toBe('order-line.remove')
})

test('the target never stays in the payload, not even where the schema would keep or refuse it', () => {
  const odd = defineCommands('order', { strict: z.strictObject({ a: z.string() }), record: z.record(z.string(), z.string()) })
  expect(odd.strict({ orderId: 'o-1', a: 'x' })).toMatchObject({ aggregateId: 'o-1', payload: { a: 'x' } })
  expect(odd.record({ orderId: 'o-1', a: 'x' }).payload).toEqual({ a: 'x' })
})

test('a creating command without a target gets a new one each time', () => {
  const first = commands.add({ sku: 'a' })
  const second = commands.add({ sku: 'a' })
  expect(first.aggregateId).toMatch(v7)
  expect(first.aggregateId).not.toBe(second.aggregateId)
  expect(first.id).not.toBe(second.id)
})

test('a creating command with a given id and no target hits the same target when it is sent again', () => {
  const id = uuidv7()
  const first = commands.add({ sku: 'a' }, { id })
  expect(commands.add({ sku: 'a' }, { id })).toEqual(first)
  expect(commands.add({ sku: 'a' }, { id: id.toUpperCase() })).toEqual(first)
  expect(first.id).toBe(id)
  expect(first.aggregateId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8/)
  expect(commands.add({ sku: 'a' }, { id: uuidv7() }).aggregateId).not.toBe(first.aggregateId)
  const others = defineCommands('other', { add: creates(z.object({})) })
  expect(others.add({}, { id }).aggregateId).not.toBe(first.aggregateId)
})

test('ids are checked at once', () => {
  expect(() => commands.add({ sku: 'a' }, { id: 'order-1' })).toThrow(InvalidInputError)
  expect(() => commands.remove({ orderLineId: '' })).toThrow(/orderLineId is empty/)
  expect(() => commands.remove({ orderLineId: 'x'.repeat(201) })).toThrow(/orderLineId is longer than 200/)
  expect(() => commands.remove({ orderLineId: 5 as never })).toThrow(/orderLineId must be text/)
  expect(() => commands.remove({} as never)).toThrow(/orderLineId must be text, not undefined/)
})

test('a payload that does not fit is refused at once, with paths', () => {
  expect(() => commands.add({ sku: 'a', quantity: 1.5 })).toThrow(SchemaValidationError)
  expect(() => commands.add({ sku: 'a', quantity: 1.5 })).toThrow(/command order-line\.add does not fit its schema: quantity/)
})

test('the field of the target is named after the aggregate', () => {
  expect(defineCommands('order', { a: z.object({}) }).a({ orderId: 'x' }).aggregateId).toBe('x')
  expect(defineCommands('a-b-2c', { a: z.object({}) }).a({ aB2cId: 'x' }).aggregateId).toBe('x')
  expect(defineCommands('OrderLine', { Add: z.object({}) }).Add({ orderLineId: 'x' }).aggregateId).toBe('x')
})

test('a payload that has the field of the target itself is refused at definition', () => {
  const field = z.object({ orderId: z.string() })
  for (const schema of [
    field,
    z.union([z.object({}), field]),
    z.intersection(z.object({}), field),
    field.readonly(),
    field.default({ orderId: '' }),
  ]) {
    expect(() => defineCommands('order', { pay: schema as never })).toThrow(DefinitionError)
    expect(() => defineCommands('order', { pay: schema as never })).toThrow(
      /command order\.pay has a field "orderId", which carries the aggregate's id/,
    )
  }
  expect(() => defineCommands('invoice', { create: creates(field) })).not.toThrow()
})

test('a payload that is no object is refused at definition', () => {
  for (const schema of [z.string(), z.array(z.object({})), z.union([z.object({}), z.string()]), z.null()]) {
    expect(() => defineCommands('order', { pay: schema })).toThrow(/command order\.pay is not an object/)
  }
})

test('a command with a codec travels as JSON', () => {
  const isoDate = z.codec(z.iso.datetime(), z.date(), { decode: (text) => new Date(text), encode: (date) => date.toISOString() })
  const dated = defineCommands('order', { ship: z.object({ due: isoDate }) })
  expect(dated.ship({ orderId: 'o', due: new Date(0) }).payload).toEqual({ due: '1970-01-01T00:00:00.000Z' })
})
