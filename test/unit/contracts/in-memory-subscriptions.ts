import { InMemorySubscriptionStore, type InMemorySubscriptionStoreOptions } from '@cairn/infra/memory'
import type { SubscriptionStoreFixture } from '@cairn/testing/contracts'
import { notesTable, writeNote } from '../../support/notes-table.ts'

/** A store in memory whose clock goes on when the suite says so. */
export function inMemorySubscriptions(
  make: (options: InMemorySubscriptionStoreOptions) => InMemorySubscriptionStore = (options) => new InMemorySubscriptionStore(options),
): SubscriptionStoreFixture & { readonly store: InMemorySubscriptionStore } {
  let now = Date.parse('2026-01-01T00:00:00Z')
  const store = make({ clock: { now: () => new Date(now) } })
  return {
    store,
    effects: {
      write: writeNote,
      written: async () => store.rows.rows(notesTable.name).map(({ values }) => String(values['note'])),
    },
    elapse: async (ms) => void (now += ms),
    cleanup: async () => {},
  }
}
