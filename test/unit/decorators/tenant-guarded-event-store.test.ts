import { TenantGuardedEventStore, type EventStore } from '@cairn/core'
import { InMemoryEventStore } from '@cairn/infra/memory'
import { describe, expect, test } from 'vitest'
import { collect, eventsOf, receiptOf, streamOf } from './given.ts'

const theirs = streamOf('theirs', 'o-1')
const mine = streamOf('mine', 'o-1')

/** Every way to name a tenant. */
const calls: Readonly<Record<string, (store: EventStore) => Promise<unknown>>> = {
  append: (store) => store.append({ stream: theirs, expected: 'any', events: eventsOf(1) }),
  appendGroup: (store) => store.appendGroup({ stream: theirs, expected: 'any', parts: [{ events: eventsOf(1) }] }),
  load: (store) => store.load(theirs),
  readStream: (store) => collect(store.readStream(theirs)),
  readAll: (store) => store.readAll({ tenantId: 'theirs' }),
  resultOf: (store) => store.resultOf('theirs', receiptOf()),
  existsAll: (store) => store.existsAll([mine, theirs]),
  existsOne: (store) => store.existsOne([mine, theirs]),
  close: (store) => store.close(theirs),
  transaction: (store) => store.transaction('theirs', async (tx) => tx.load(theirs)),
  'append in a transaction': (store) =>
    store.transaction('mine', async (tx) => tx.append({ stream: theirs, expected: 'any', events: eventsOf(1) })),
  'load in a transaction': (store) => store.transaction('mine', async (tx) => tx.load(theirs)),
  query: (store) => store.query({ tenantId: 'theirs' }),
  countByType: (store) => store.countByType('theirs'),
}

async function givenBothTenants(): Promise<{ readonly inner: InMemoryEventStore; readonly guarded: TenantGuardedEventStore }> {
  const inner = new InMemoryEventStore()
  await inner.append({ stream: mine, expected: 0, events: eventsOf(2) })
  await inner.append({ stream: theirs, expected: 0, events: eventsOf(3) })
  return { inner, guarded: new TenantGuardedEventStore(inner, 'mine') }
}

describe('TenantGuardedEventStore', () => {
  test.each(Object.entries(calls))('refuses another tenant in %s, and changes nothing', async (_, call) => {
    const { inner, guarded } = await givenBothTenants()
    const before = JSON.stringify([await inner.readAll(), await inner.load(theirs)])
    await expect(call(guarded)).rejects.toMatchObject({ code: 'CAIRN_TENANT_MISMATCH', details: { expected: 'mine', actual: 'theirs' } })
    expect(JSON.stringify([await inner.readAll(), await inner.load(theirs)])).toBe(before)
  })

  test('shows only its own tenant where a reader names none', async () => {
    const { guarded } = await givenBothTenants()
    const page = await guarded.readAll()
    expect(page.events.map((event) => event.tenantId)).toEqual(['mine', 'mine'])
    expect(page.next).toBe(5)
  })

  test('refuses before it asks the store', async () => {
    const { inner } = await givenBothTenants()
    const silent = new TenantGuardedEventStore(
      new Proxy(inner, {
        get(target, name) {
          if (name === 'transaction') return target.transaction.bind(target)
          throw new Error(`asked for ${String(name)}`)
        },
      }),
      'mine',
    )
    for (const call of Object.values(calls)) await expect(call(silent)).rejects.toMatchObject({ code: 'CAIRN_TENANT_MISMATCH' })
  })
})
