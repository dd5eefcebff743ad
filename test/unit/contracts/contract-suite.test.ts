import type { EventStore } from '@cairn/core'
import { InMemoryEventStore } from '@cairn/infra/memory'
import { eventStoreCases, eventStoreContext, type ContractCase, type EventStoreContext } from '@cairn/testing/contracts'
import { describe, expect, test } from 'vitest'
import { brokenEventStores } from './broken-event-stores.ts'

// A contract that cannot fail proves nothing: each broken store must be caught, and each case must catch some broken store.

async function passes(store: EventStore, { run }: ContractCase<EventStoreContext>): Promise<boolean> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(reject, 10_000, new Error('The case hangs.'))
  try {
    await Promise.race([run(eventStoreContext({ store, cleanup: async () => {} })), late])
    return true
  } catch {
    return false
  } finally {
    clearTimeout(timer)
  }
}

describe('the contract of event stores', () => {
  test('finds nothing wrong with a sound store, whichever order its cases run in', async () => {
    const store = new InMemoryEventStore()
    const failed: string[] = []
    for (const { about, cases } of eventStoreCases.toReversed()) {
      for (const one of cases.toReversed()) if (!(await passes(store, one))) failed.push(`${about}: ${one.title}`)
    }
    expect(failed).toEqual([])
  })

  test.each(Object.entries(brokenEventStores))('catches a store that %s', async (_, { caughtBy, make }) => {
    const group = eventStoreCases.find(({ about }) => about === caughtBy)
    expect(group, `the contract has no group "${caughtBy}"`).toBeDefined()
    for (const one of group?.cases ?? []) if (!(await passes(make(), one))) return
    expect.fail(`no case of "${caughtBy}" noticed`)
  })

  test('has no case that every broken store passes', async () => {
    const makers = Object.entries(brokenEventStores)
    const toothless: string[] = []
    for (const { about, cases } of eventStoreCases) {
      // Those that the group should catch come first: they end the search soonest.
      const sorted = makers.toSorted(([, a], [, b]) => Number(b.caughtBy === about) - Number(a.caughtBy === about))
      for (const one of cases) {
        let caught = false
        for (const [, { make }] of sorted) if ((caught = !(await passes(make(), one)))) break
        if (!caught) toothless.push(`${about}: ${one.title}`)
      }
    }
    expect(toothless).toEqual([])
  }, 120_000)
})
