import {
  CommandBus,
  derivingCommandBus,
  eventHandlerConsumer,
  Registry,
  SubscriptionEngine,
  type EventHandler,
  type HandlerCommandBus,
  type NewCommand,
  type RecordedEvent,
} from '@cairn/core'
import { billing, invoiceCommands, orderCommands, shop } from '@cairn/example-shop'
import { InMemoryCommandStore, InMemoryEventStore, InMemoryLogReader, InMemorySubscriptionStore, InMemoryHints } from '@cairn/infra/memory'
import { expect, test } from 'vitest'

/** As the older systems wrote them. */
class OrderPM implements EventHandler {
  readonly #commands: HandlerCommandBus
  constructor(commands: HandlerCommandBus) {
    this.#commands = commands
  }

  readonly supports = (event: RecordedEvent): event is RecordedEvent => event.type === 'order.ready'

  readonly handle = async (event: RecordedEvent): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve))
    await this.#commands.dispatch(invoiceCommands.create({ orderId: event.aggregateId, amount: 10 }))
    await this.#commands.dispatch(invoiceCommands.create({ orderId: event.aggregateId, amount: 20 }), { async: true })
  }
}

function app() {
  const registry = new Registry([shop, billing])
  const hints = new InMemoryHints()
  const commands = new InMemoryCommandStore()
  const store = new InMemoryEventStore({ commands, appended: () => hints.send() })
  const bus = new CommandBus({ store, models: registry.aggregates })
  const log = { reader: new InMemoryLogReader(store), hints }
  return { registry, commands, store, bus, log }
}

const lines = [{ sku: 's', quantity: 1, price: 5 }]
const tenantId = 'acme'

async function readyOrders({ bus }: ReturnType<typeof app>, ids: readonly string[]): Promise<void> {
  for (const orderId of ids) {
    await bus.dispatch(orderCommands.create({ orderId, customerId: 'c', lines }), { tenantId, userId: 'u-1' })
    await bus.dispatch(orderCommands.markReady({ orderId }), { tenantId, userId: 'u-1', correlationId: `about ${orderId}` })
  }
}

async function invoices({ store }: ReturnType<typeof app>): Promise<readonly RecordedEvent[]> {
  return (await store.readAll({ types: ['invoice.created'] })).events
}

test('a class of the older style runs on a subscription; events that are delivered twice send their commands once', async () => {
  const one = app()
  await readyOrders(one, ['o-1', 'o-2'])
  const subscriptions = new InMemorySubscriptionStore()
  let deliveries = 0
  const consumerOf = (name: string) =>
    eventHandlerConsumer({ name, bus: one.bus, version: 1 }, (commands) => {
      const inner = new OrderPM(commands)
      return {
        supports: inner.supports,
        async handle(event) {
          await inner.handle(event)
          // Dies behind its commands: the event comes again.
          if (++deliveries % 2 === 1) throw new Error('died')
        },
      }
    })
  const engine = new SubscriptionEngine({
    ...one.log,
    store: subscriptions,
    lift: (event) => one.registry.upcast(event),
    knows: (type) => one.registry.hasEvent(type),
    pollMs: 20,
  })
  await engine.add(consumerOf('order-pm'))
  await engine.start()
  const { horizon } = await one.log.reader.head()
  await engine.waitFor(horizon, [{ name: 'order-pm', generation: 1 }], { timeoutMs: 30_000 })
  expect(deliveries).toBe(4)
  const created = await invoices(one)
  expect(created.map(({ payload }) => payload)).toEqual([
    { orderId: 'o-1', amount: 10 },
    { orderId: 'o-2', amount: 10 },
  ])
  expect(created[0]?.metadata).toMatchObject({ correlationId: 'about o-1', userId: 'u-1' })
  expect((await one.commands.query({ tenantId })).map(({ command }) => command.payload)).toEqual(
    expect.arrayContaining([
      { orderId: 'o-1', amount: 20 },
      { orderId: 'o-2', amount: 20 },
    ]),
  )
  expect(await one.commands.query({ tenantId })).toHaveLength(2)
  await engine.stop()
})

test('ids come from the handler’s name, the event and the ordinal', async () => {
  const one = app()
  await readyOrders(one, ['o-1', 'o-2'])
  const events = (await one.store.readAll({ types: ['order.ready'] })).events
  const [first, second] = events
  if (first === undefined || second === undefined) throw new Error('no events')
  const sent: string[] = []
  const noting: HandlerCommandBus = {
    async dispatch({ id, aggregateId }: NewCommand) {
      sent.push(id)
      return { commandId: id, aggregateId, status: 'pending' as const, events: [], version: 0, position: 0, duplicate: false }
    },
  }
  const send = async (event: RecordedEvent, name: string): Promise<readonly string[]> => {
    sent.length = 0
    const bus = derivingCommandBus(noting, event, name)
    await bus.dispatch(orderCommands.ship({ orderId: 'o' }))
    await bus.dispatch(orderCommands.ship({ orderId: 'o' }))
    return [...sent]
  }
  const all = [await send(first, 'a'), await send(second, 'a'), await send(first, 'b'), await send({ ...first, tenantId: 'beta' }, 'a')]
  expect(new Set(all.flat()).size).toBe(8)
  expect(await send(first, 'a')).toEqual(all[0])
})

test('a handler that sends when it handles nothing is told', async () => {
  const one = app()
  let late: HandlerCommandBus | undefined
  eventHandlerConsumer({ name: 'late', bus: one.bus }, (commands) => {
    late = commands
    return new OrderPM(commands)
  })
  await expect(late?.dispatch(orderCommands.ship({ orderId: 'o' }))).rejects.toThrow(/"late" sent order\.ship while it handled no event/)
})
