import { CommandBus, Registry, type CommandBusOptions, type EventStorePort, type RecordedEvent } from '@cairn/core'
import { InMemoryEventStore } from '@cairn/infra/memory'
import { accountCommands, banking } from './account.ts'
import { WatchedStore } from './watched-store.ts'

export interface Bank {
  readonly store: WatchedStore
  readonly bus: CommandBus
}

/** A command bus over a store in memory; several banks on one store stand for several processes. */
export function openBank(options: Partial<CommandBusOptions> = {}, inner: EventStorePort = new InMemoryEventStore()): Bank {
  const store = new WatchedStore(inner)
  const bus = new CommandBus({
    store,
    models: new Registry([banking]).aggregates,
    defaultTenantId: 't',
    backoff: () => Promise.resolve(),
    ...options,
  })
  return { store, bus }
}

export async function openAccount(bank: Bank, accountId = 'a'): Promise<void> {
  await bank.bus.dispatch(accountCommands.open({ accountId, owner: 'ann' }))
}

export async function eventsOf(bank: Bank, accountId = 'a'): Promise<readonly RecordedEvent[]> {
  const events: RecordedEvent[] = []
  for await (const event of bank.store.readStream({ tenantId: 't', aggregateType: 'account', aggregateId: accountId })) events.push(event)
  return events
}

/** Lets everything that is ready run: no timer of the code under test is waited for. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
