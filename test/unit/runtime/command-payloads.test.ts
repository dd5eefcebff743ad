import { aggregate, CommandBus, creates, defineCommands, defineEvents, toAggregateModel, type Command } from '@cairn/core'
import { InMemoryEventStore } from '@cairn/infra/memory'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'

const lines = z.array(z.object({ sku: z.string() }))
const labels = z.object({ tags: z.array(z.object({ name: z.string() })).readonly() })
const events = defineEvents('basket', { filled: z.object({ lines }), labelled: labels })
const commands = defineCommands('basket', { order: creates(z.object({ lines })), label: labels })

class Basket extends aggregate(events, () => ({})) {
  static readonly handlers = this.handle(commands, {
    order(basket, command) {
      command.lines.push({ sku: 'gift' })
      basket.raise('filled', command)
    },
    label(basket, command) {
      for (const tag of command.tags) tag.name = tag.name.toUpperCase()
      basket.raise('labelled', command)
    },
  })
  static readonly evolve = this.fold({ filled: (s) => s, labelled: (s) => s })
}

/** As it comes from a table or from outside: the payload is the sender's. */
function sent({ id, type, aggregateType, aggregateId }: Omit<Command, 'tenantId' | 'metadata'>, payload: unknown): Command {
  return {
    id,
    tenantId: 't',
    type,
    aggregateType,
    aggregateId,
    payload,
    metadata: { correlationId: id, causationId: id, schemaVersion: 1 },
  }
}

describe('the payload of a command', () => {
  const store = new InMemoryEventStore()
  const bus = new CommandBus({ store, models: [toAggregateModel(Basket)], defaultTenantId: 't' })

  it('cannot be changed by its handler, which may be asked again after a conflict', async () => {
    await expect(bus.dispatch(commands.order({ basketId: 'a', lines: [] }))).rejects.toThrow(TypeError)
    expect((await store.load({ tenantId: 't', aggregateType: 'basket', aggregateId: 'a' })).version).toBe(0)
  })

  it('cannot be changed below what its schema makes read-only either', async () => {
    await expect(bus.dispatch(commands.label({ basketId: 'a', tags: [{ name: 'x' }] }))).rejects.toThrow(TypeError)
  })

  it('stays the sender’s own', async () => {
    const payload = { lines: [{ sku: 'screw' }] }
    await expect(bus.dispatch(sent(commands.order({ basketId: 'b', lines: [] }), payload))).rejects.toThrow(TypeError)
    expect([payload, payload.lines, payload.lines[0]].map((part) => Object.isFrozen(part))).toEqual([false, false, false])
    expect(payload).toEqual({ lines: [{ sku: 'screw' }] })
  })
})
