import { isDeepStrictEqual } from 'node:util'
import {
  processManagerConsumer,
  Registry,
  StoredHistory,
  SubscriptionEngine,
  type Consumer,
  type Domain,
  type EventStorePort,
  type HintsPort,
  type LogReaderPort,
  type ProcessInstance,
  type ProcessInstanceStorePort,
  type ProcessManagerDefinition,
  type RecordedEvent,
  type SubscriptionStorePort,
} from '@cairn/core'
import { loans, loanServicing, payments } from '@cairn/example-lending'
import { billing, fulfilment, orderFulfilment, shop } from '@cairn/example-shop'
import { PgHints, PgLogReader, PgSubscriptionStore } from '@cairn/infra/pg'
import { createTemporalWorker, ProcessForwarder, resolveRouterOptions } from '@cairn/infra/temporal'
import { provideTemporal } from '@cairn/testing/services'
import { Client, Connection } from '@temporalio/client'
import { afterAll, describe, expect, test } from 'vitest'
import { memoryStores } from '../../support/process-rig.ts'
import { queryOnce } from '../../support/query-once.ts'
import { orderReview, type Review } from '../../support/order-review.ts'
import { recordedLoans } from '../../support/recorded-loans.ts'
import { recordedOrders, type RecordedAppend } from '../../support/recorded-orders.ts'
import { testDatabase } from '../../support/test-database.ts'
import { openStores } from '../temporal/support/temporal-rig.ts'

const server = await provideTemporal()
afterAll(() => server.stop())

/** A process manager, and the events that it is run over. */
interface Case {
  readonly name: string
  readonly domains: readonly Domain[]
  readonly naming: 'domain.action' | 'Domain.Action'
  readonly definition: ProcessManagerDefinition
  readonly history: readonly RecordedAppend[]
  /** Commands that it sends, at least. */
  readonly commands: number
  /** What can be compared of a time between runs that recorded the events at different times. */
  due(dueAt: Date, event: RecordedEvent): number
}

/** With hints of the sender, and every fifth order stored by the first version of the code. */
const reviewed = recordedOrders(400).map(({ stream, event }, i): RecordedAppend => {
  const metadata = { ...event.metadata, ...(i % 2 === 0 ? { priority: i % 7 } : {}) }
  if (event.type !== 'order.created' || i % 5 > 0) return { stream, event: { ...event, metadata } }
  const { customerId, lines } = event.payload as { readonly customerId: string; readonly lines: unknown }
  return { stream, event: { ...event, payload: { customer: customerId, lines }, metadata: { ...metadata, schemaVersion: 1 } } }
})

const cases: readonly Case[] = [
  {
    name: 'orderFulfilment',
    domains: [shop, billing, fulfilment],
    naming: 'domain.action',
    definition: orderFulfilment,
    history: recordedOrders(1_000),
    commands: 400,
    due: (dueAt, { recordedAt }) => dueAt.getTime() - recordedAt.getTime(),
  },
  {
    name: 'loanServicing',
    domains: [loans, payments],
    naming: 'Domain.Action',
    definition: loanServicing,
    history: recordedLoans(1_000),
    commands: 400,
    // Late fees are due on days of the calendar.
    due: (dueAt) => dueAt.getTime(),
  },
  {
    name: 'orderReview, which loads',
    domains: [shop, billing],
    naming: 'domain.action',
    definition: orderReview,
    history: reviewed,
    commands: 150,
    due: (dueAt) => dueAt.getTime(),
  },
]

/** A command as it was stored, and when it is due. */
interface Sent {
  readonly id: string
  readonly type: string
  readonly payload: unknown
  readonly [other: string]: unknown
}

interface Outcome {
  /** By tenant and instance, each in the order in which they were stored. */
  readonly commands: Readonly<Record<string, readonly Sent[]>>
  readonly instances: readonly ProcessInstance[]
}

interface Parts {
  readonly store: EventStorePort
  readonly instances: ProcessInstanceStorePort
  readonly engine: {
    readonly reader: LogReaderPort
    readonly store: SubscriptionStorePort
    readonly hints: HintsPort
  }
  /** Everything that was sent, in the order in which it was stored. */
  sent(): Promise<readonly { readonly command: Sent; readonly dueAt: Date | undefined }[]>
}

/** Runs a process manager over its history, and nobody carries its commands out. */
async function run(one: Case, { store, instances, engine: parts, sent }: Parts, consumer: Consumer): Promise<Outcome> {
  const registry = new Registry([...one.domains], { naming: one.naming })
  let position = 0
  for (const { stream, event } of one.history) ({ position } = await store.append({ stream, expected: 'any', events: [event] }))
  const engine = new SubscriptionEngine({ ...parts, pollMs: 50, lift: (event) => registry.upcast(event), knows: () => true })
  await engine.add(consumer)
  await engine.start()
  await engine.waitFor(position, [consumer.spec.key], { timeoutMs: 200_000 })
  await engine.stop()

  const events = new Map<string, RecordedEvent>()
  for await (const event of allOf(store)) events.set(event.id, registry.upcast(event))
  const commands: Record<string, Sent[]> = {}
  for (const { command, dueAt } of await sent()) {
    const { causationId } = command['metadata'] as { readonly causationId: string }
    const event = events.get(causationId)
    if (event === undefined) throw new Error(`No event ${causationId} led to ${command.type}.`)
    const of = (commands[`${event.tenantId}/${one.definition.correlate(event)}`] ??= [])
    of.push({ ...command, due: dueAt && one.due(dueAt, event) })
  }
  return { commands, instances: (await allInstances(instances)).map(comparable) }
}

async function inMemory(one: Case, definition = one.definition): Promise<Outcome> {
  const stores = memoryStores()
  const ids: string[] = []
  const begin = stores.commands.begin.bind(stores.commands)
  stores.commands.begin = () => {
    const queue = begin()
    const enqueue = queue.enqueue.bind(queue)
    queue.enqueue = async (commands) => {
      ids.push(...commands.map(({ command }) => command.id))
      await enqueue(commands)
    }
    return queue
  }
  const { store, instances, reader, hints } = stores
  const tenants = ['acme', 'beta']
  const sent: Parts['sent'] = async () => {
    const rows = await Promise.all(ids.map(async (id) => Promise.all(tenants.map((tenant) => stores.commands.getById(tenant, id)))))
    return rows.flat().flatMap((row) => (row === undefined ? [] : [{ command: { ...row.command }, dueAt: row.dueAt }]))
  }
  return run(
    one,
    { store, instances, engine: { reader, store: stores.subscriptions(), hints }, sent },
    consumerOf(definition, instances, store),
  )
}

async function onDatabase(one: Case, open: (stores: Awaited<ReturnType<typeof openStores>>) => Promise<Opened>): Promise<Outcome> {
  const database = await testDatabase()
  const stores = await openStores(database, [])
  const hints = new PgHints(stores.db)
  const { consumer, close } = await open(stores)
  try {
    const engine = { reader: new PgLogReader(stores.db), store: new PgSubscriptionStore(stores.db), hints }
    const sent: Parts['sent'] = async () => {
      const rows = await queryOnce<Record<string, string> & { payload: unknown; metadata: unknown; due: Date | null }>(
        database.url,
        `select id, tenant_id, type, aggregate_type, aggregate_id, payload, metadata, due_at as due from ${database.schema}.commands
          where metadata is not null order by seq`,
      )
      return rows.map(({ id = '', type = '', tenant_id, aggregate_type, aggregate_id, payload, metadata, due }) => ({
        command: { id, tenantId: tenant_id, type, aggregateType: aggregate_type, aggregateId: aggregate_id, payload, metadata },
        dueAt: due ?? undefined,
      }))
    }
    return await run(one, { store: stores.store, instances: stores.processes, engine, sent }, consumer)
  } finally {
    await close()
    await hints.close()
    await stores.close()
  }
}

interface Opened {
  readonly consumer: Consumer
  close(): Promise<void>
}

const onPostgres = (one: Case): Promise<Outcome> =>
  onDatabase(one, async ({ processes, store }) => ({
    consumer: consumerOf(one.definition, processes, store),
    close: () => Promise.resolve(),
  }))

const onTemporal = (one: Case): Promise<Outcome> =>
  onDatabase(one, async (stores) => {
    const registry = new Registry([...one.domains], { naming: one.naming })
    const connection = Connection.lazy({ address: server.address })
    const taskQueues = { kind: 'shared', name: `same-commands-${one.definition.name}` } as const
    const worker = await createTemporalWorker({
      ...stores,
      address: server.address,
      taskQueues,
      shutdownGraceMs: 1_000,
      processes: {
        definitions: [one.definition],
        transactions: stores.processes,
        schemaVersionOf: (type) => registry.command(type).schemaVersion,
        history: historyOf(stores.store, registry, async () => (await new PgLogReader(stores.db).head()).horizon),
        async readEvent(stream, version) {
          for await (const event of stores.store.readStream(stream, { fromVersion: version, toVersion: version }))
            return registry.upcast(event)
          return undefined
        },
        carryOut: async () => ({ status: 'processed' }),
      },
    })
    const router = resolveRouterOptions({ idleMs: 500 })
    const forwarder = new ProcessForwarder(new Client({ connection }), taskQueues, [one.definition], router)
    const [consumer] = forwarder.consumers()
    if (consumer === undefined) throw new Error('There is no consumer.')
    return {
      consumer,
      async close() {
        await forwarder.close()
        await worker.shutdown()
        await connection.close()
      },
    }
  })

function historyOf(store: EventStorePort, registry: Registry, horizon?: () => Promise<number>): StoredHistory {
  return new StoredHistory({ store, lift: (event) => registry.upcast(event), horizon })
}

function consumerOf(definition: ProcessManagerDefinition, instances: ProcessInstanceStorePort, store: EventStorePort): Consumer {
  const owner = cases.find(({ definition: { name } }) => name === definition.name)
  const registry = new Registry([...(owner?.domains ?? [])], { naming: owner?.naming ?? 'domain.action' })
  const schemaVersionOf = (type: string): number => registry.command(type).schemaVersion
  return processManagerConsumer(definition, { instances, schemaVersionOf, history: historyOf(store, registry) })
}

async function* allOf(store: EventStorePort) {
  for (let after = 0; ;) {
    const { events, next } = await store.readAll({ after, limit: 1_000 })
    yield* events
    if (next === after) return
    after = next
  }
}

async function allInstances(store: ProcessInstanceStorePort): Promise<readonly ProcessInstance[]> {
  const all: ProcessInstance[] = []
  for (;;) {
    const page = await store.list({ limit: 1_000, after: all.at(-1) })
    if (page.length === 0) return all
    all.push(...page)
  }
}

/** Without what depends on when and where the events were recorded. */
function comparable(instance: ProcessInstance): ProcessInstance {
  const timers = Object.entries(instance.timers).map(([name, { commandId }]) => [name, { commandId, dueAt: '' }] as const)
  return { ...instance, timers: Object.fromEntries(timers), position: 0, startedAt: '', updatedAt: '' }
}

const idsOf = ({ commands }: Outcome): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries(Object.entries(commands).map(([key, all]) => [key, all.map(({ id }) => id)]))

describe.each(cases)('$history.length recorded events of $name', (one) => {
  test('lead to the same commands, their ids and their order in each instance, in memory, on PostgreSQL and on Temporal', async () => {
    const memory = await inMemory(one)
    const all = Object.values(memory.commands).flat()
    expect(all.length).toBeGreaterThan(one.commands)
    expect(Object.values(memory.commands).filter((sent) => sent.length > 1).length).toBeGreaterThan(one.commands / 4)
    const postgres = await onPostgres(one)
    expect(idsOf(postgres)).toEqual(idsOf(memory))
    expect(postgres).toEqual(memory)
    const onServer = await onTemporal(one)
    expect(idsOf(onServer)).toEqual(idsOf(memory))
    expect(onServer).toEqual(memory)
  }, 400_000)

  test('would not be the same if what is sent depended on the time', async () => {
    let clock = 0
    const timed: ProcessManagerDefinition = {
      ...one.definition,
      react(state, event, context) {
        const reaction = one.definition.react(state, event, context)
        if (reaction === undefined || !('send' in reaction)) return reaction
        const send = (reaction.send ?? []).map((intent) => ('kind' in intent ? intent : { ...intent, payload: { at: clock++ } }))
        return { ...reaction, send }
      },
    }
    const [first, second] = [await inMemory(one, timed), await inMemory(one, timed)]
    expect(isDeepStrictEqual(idsOf(first), idsOf(second))).toBe(true)
    expect(isDeepStrictEqual(first, second)).toBe(false)
  })
})

/** What each event's review must have seen, told by the recorded history alone. */
function expectedReviews(): Readonly<Record<string, Partial<Review>>> {
  const reviews: Record<string, Partial<Review>> = {}
  const streams = new Map<string, string[]>()
  const totals = new Map<string, number>()
  for (const { stream, event } of reviewed) {
    const textOf = (aggregateType: string, number: number): string => `${stream.tenantId}/${aggregateType}-${number}`
    const number = Number(stream.aggregateId.split('-')[1])
    const types = streams.get(textOf(stream.aggregateType, number)) ?? []
    streams.set(textOf(stream.aggregateType, number), [...types, event.type])
    if (event.type === 'order.created') {
      const [line] = (event.payload as { readonly lines: readonly { readonly quantity: number; readonly price: number }[] }).lines
      totals.set(textOf('order', number), (line?.quantity ?? 0) * (line?.price ?? 0))
    }
    reviews[event.id] = {
      total: totals.get(textOf('order', number)) ?? 0,
      version: streams.get(textOf('order', number))?.length ?? 0,
      neighbour: streams.get(textOf('order', number - 1))?.length ?? 0,
      invoice: streams.get(textOf('invoice', number)) ?? [],
      currency: 'EUR',
      priority: event.metadata['priority'],
      correlationId: event.metadata.correlationId,
    }
  }
  return reviews
}

test('what is loaded is what had happened in the tenant by then, though the whole log is there when it is read', async () => {
  const [, , loading] = cases
  if (loading === undefined) throw new Error('There is no such case.')
  const { commands } = await inMemory(loading)
  const expected = expectedReviews()
  let past = 0
  for (const { payload, metadata } of Object.values(commands).flat()) {
    const { status: _, ...seen } = JSON.parse((payload as { readonly reason: string }).reason) as Review
    const { causationId } = metadata as { readonly causationId: string }
    const { priority, ...rest } = expected[causationId] ?? {}
    expect(seen).toEqual(priority === undefined ? rest : { ...rest, priority })
    if (seen.neighbour === 0) past++
  }
  // Orders whose neighbour is another tenant's.
  expect(past).toBeGreaterThan(40)
})
