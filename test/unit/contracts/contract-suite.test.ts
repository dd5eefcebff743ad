import { InMemoryRowStore, type PhysicalTable, type RowStorePort, type TableModel } from '@cairn/core'
import { InMemoryCommandStore, InMemoryEventStore } from '@cairn/infra/memory'
import {
  commandStoreCases,
  commandStoreContext,
  eventStoreCases,
  eventStoreContext,
  logReaderCases,
  logReaderContext,
  rowStoreCases,
  rowStoreContext,
  subscriptionStoreCases,
  subscriptionStoreContext,
  type ContractCase,
  type ContractGroup,
  type LogReaderContext,
  type LogReaderFixture,
  type SubscriptionStoreContext,
  type SubscriptionStoreFixture,
} from '@cairn/testing/contracts'
import { describe, expect, test } from 'vitest'
import { brokenCommandStores } from './broken-command-stores.ts'
import { brokenEventStores } from './broken-event-stores.ts'
import { brokenLogReaders, inMemoryLog } from './broken-log-readers.ts'
import { brokenRowStores } from './broken-row-stores.ts'
import { brokenSubscriptionStores } from './broken-subscription-stores.ts'
import { inMemorySubscriptions } from './in-memory-subscriptions.ts'

// A contract that cannot fail proves nothing: each broken store must be caught, and each case must catch some broken store.

type Broken<Store> = Readonly<Record<string, { readonly caughtBy: string; readonly make: () => Store }>>

const cleanup = async (): Promise<void> => {}

suiteOf(
  'event stores',
  eventStoreCases,
  brokenEventStores,
  () => new InMemoryEventStore(),
  (store) => eventStoreContext({ store, cleanup }),
)
suiteOf(
  'command stores',
  commandStoreCases,
  brokenCommandStores,
  () => new InMemoryCommandStore(),
  (store) => commandStoreContext({ store, cleanup }),
)

let made = 0
const makeTable = async (model: TableModel): Promise<PhysicalTable> => ({ name: `${model.name}__v1_g${++made}`, model })

suiteOf<RowStorePort, ReturnType<typeof rowStoreContext>>(
  'row stores',
  rowStoreCases,
  brokenRowStores,
  () => new InMemoryRowStore(),
  (store) => rowStoreContext({ store, make: makeTable, cleanup }),
)

suiteOf<SubscriptionStoreFixture, SubscriptionStoreContext>(
  'subscription stores',
  subscriptionStoreCases,
  brokenSubscriptionStores,
  () => inMemorySubscriptions(),
  subscriptionStoreContext,
)
suiteOf<LogReaderFixture, LogReaderContext>('log readers', logReaderCases, brokenLogReaders, () => inMemoryLog(), logReaderContext)

function suiteOf<Store, Context>(
  name: string,
  contract: readonly ContractGroup<Context>[],
  brokenStores: Broken<Store>,
  sound: () => Store,
  contextOf: (store: Store) => Context,
): void {
  const passes = (store: Store, one: ContractCase<Context>): Promise<boolean> => runs(() => one.run(contextOf(store)))

  describe(`the contract of ${name}`, () => {
    test('finds nothing wrong with a sound store, whichever order its cases run in', async () => {
      const store = sound()
      const failed: string[] = []
      for (const { about, cases } of contract.toReversed()) {
        for (const one of cases.toReversed()) if (!(await passes(store, one))) failed.push(`${about}: ${one.title}`)
      }
      expect(failed).toEqual([])
    })

    test.each(Object.entries(brokenStores))(
      'catches a store that %s',
      async (_, { caughtBy, make }) => {
        const group = contract.find(({ about }) => about === caughtBy)
        expect(group, `the contract has no group "${caughtBy}"`).toBeDefined()
        for (const one of group?.cases ?? []) if (!(await passes(make(), one))) return
        expect.fail(`no case of "${caughtBy}" noticed`)
      },
      30_000,
    )

    test('has no case that every broken store passes', async () => {
      const toothless: string[] = []
      for (const { about, cases } of contract) {
        // Those that the group should catch come first: they end the search soonest.
        const stores = Object.values(brokenStores).toSorted((a, b) => Number(b.caughtBy === about) - Number(a.caughtBy === about))
        for (const one of cases) {
          let caught = false
          for (const { make } of stores) if ((caught = !(await passes(make(), one)))) break
          if (!caught) toothless.push(`${about}: ${one.title}`)
        }
      }
      expect(toothless).toEqual([])
    }, 120_000)
  })
}

async function runs(run: () => Promise<void>): Promise<boolean> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(reject, 10_000, new Error('The case hangs.'))
  try {
    await Promise.race([run(), late])
    return true
  } catch {
    return false
  } finally {
    clearTimeout(timer)
  }
}
