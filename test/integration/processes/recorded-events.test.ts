import { step, type ProcessInstance, type StoredCommand } from '@cairn/core'
import { billing, fulfilment, orderFulfilment, shop } from '@cairn/example-shop'
import { expect, test } from 'vitest'
import { memoryStores, ProcessRig, type ProcessStores } from '../../support/process-rig.ts'
import { recordedOrders } from '../../support/recorded-orders.ts'
import { pgStores } from './support/pg-stores.ts'

const { open } = await pgStores()
const domains = [shop, billing, fulfilment]
const history = recordedOrders(1_000)

interface Outcome {
  readonly commands: readonly unknown[]
  readonly instances: readonly ProcessInstance[]
}

async function record(stores: ProcessStores): Promise<number> {
  let position = 0
  for (const { stream, event } of history) ({ position } = await stores.store.append({ stream, expected: 'any', events: [event] }))
  return position
}

/** What can be compared between two runs that recorded the events at different times: due times count from their event's. */
async function outcomeOf(stores: ProcessStores, commands: readonly StoredCommand[]): Promise<Outcome> {
  const instances: ProcessInstance[] = []
  for (;;) {
    const page = await stores.instances.list({ limit: 1_000, after: instances.at(-1) })
    if (page.length === 0) break
    instances.push(...page)
  }
  return {
    commands: commands
      .map(({ command, status, dueAt }) => ({ ...command, status, delayed: dueAt !== undefined }))
      .toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    instances: instances.map((instance) => ({
      ...instance,
      timers: Object.fromEntries(Object.entries(instance.timers).map(([name, { commandId }]) => [name, { commandId, dueAt: '' }])),
      position: 0,
      startedAt: '',
      updatedAt: '',
    })),
  }
}

/** Runs the process manager over the history, and nobody carries its commands out. */
async function run(stores: ProcessStores, batchSize: number): Promise<Outcome> {
  const position = await record(stores)
  const rig = new ProcessRig(stores, { domains, from: 'start', engine: { batchSize } })
  await rig.start()
  await rig.engine.waitFor(position, [{ name: 'pm-order-fulfilment', generation: 1 }], { timeoutMs: 60_000 })
  await rig.stop()
  const all = [...(await rig.allCommands('acme')), ...(await rig.allCommands('beta'))]
  return outcomeOf(stores, all)
}

/** The pure fold, one event after another. */
async function fold(stores: ProcessStores): Promise<ReadonlySet<string>> {
  await record(stores)
  const rig = new ProcessRig(stores, { domains })
  const instances = new Map<string, ProcessInstance>()
  const ids = new Set<string>()
  for (let after = 0; ;) {
    const { events, next } = await stores.reader.read({ after, limit: 1_000 })
    for (const event of events) {
      const lifted = rig.registry.upcast(event)
      const key = `${event.tenantId}/${orderFulfilment.correlate(lifted)}`
      const made = step(orderFulfilment, instances.get(key), lifted)
      if (made === undefined) continue
      instances.set(key, made.instance)
      for (const { command } of made.send) ids.add(command.id)
    }
    if (next === after) return ids
    after = next
  }
}

test('1,000 recorded events lead to the same commands, ids included, in memory and on PostgreSQL, whatever the batches', async () => {
  const pure = await fold(memoryStores())
  const inMemory = await run(withoutWorkers(memoryStores()), 1_000)
  const oneByOne = await run(withoutWorkers(memoryStores()), 7)
  const onPostgres = await run(withoutWorkers(await open()), 100)
  expect(inMemory.commands.length).toBeGreaterThan(700)
  expect(new Set(inMemory.commands.map((command) => (command as { readonly id: string }).id))).toEqual(pure)
  expect(oneByOne).toEqual(inMemory)
  expect(onPostgres).toEqual(inMemory)
})

/** Nobody carries commands out: what was sent can be looked at as it was sent. */
function withoutWorkers(stores: ProcessStores): ProcessStores {
  const { store, commands, instances, reader, hints } = stores
  return {
    store,
    commands,
    instances,
    reader,
    hints,
    subscriptions: (faults) => stores.subscriptions(faults),
    insert: (row) => stores.insert(row),
    due: idleDue,
  }
}

const idleDue: ProcessStores['due'] = {
  beat: async () => 0,
  leave: async () => undefined,
  claimDue: async () => ({ commands: [], raw: false }),
  raw: async () => [],
  admit: async () => [],
  refuse: async () => undefined,
  unknown: async () => [],
  settle: async () => undefined,
}
