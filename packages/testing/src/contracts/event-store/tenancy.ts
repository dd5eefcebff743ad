import { expect } from 'vitest'
import { contractGroup } from '../contract-case.ts'
import { refusal } from '../observe.ts'
import type { EventStoreContext } from './context.ts'
import { eventOf, eventsOf, receiptOf, streamIn } from './given.ts'
import { eventsIn, logOf } from './observe.ts'

export const tenancy = contractGroup<EventStoreContext>('tenants', {
  'never meet in streams of the same type and id': async ({ store, tenantId, otherTenantId }) => {
    const mine = await store.append({ stream: streamIn(tenantId, 'same'), expected: 0, events: eventsOf(2) })
    const theirs = await store.append({ stream: streamIn(otherTenantId, 'same'), expected: 0, events: eventsOf(1, 50) })
    expect([mine.version, theirs.version]).toEqual([2, 1])
    expect(await eventsIn(store, streamIn(tenantId, 'same'))).toEqual(mine.events)
    expect(await eventsIn(store, streamIn(otherTenantId, 'same'))).toEqual(theirs.events)
  },

  'never see each other by any method of reading': async ({ store, tenantId, otherTenantId }) => {
    const theirs = streamIn(otherTenantId, 'same')
    const command = receiptOf()
    const snapshot = { version: 1, schemaVersion: 1, state: { theirs: true } }
    const metadata = { correlationId: 'shared-correlation', userId: 'shared-user', workflowId: 'shared-flow', projectId: 'shared-project' }
    const { position } = await store.append({
      stream: theirs,
      expected: 0,
      events: [eventOf('order.noted', {}, metadata)],
      command,
      snapshot,
    })
    const mine = streamIn(tenantId, 'same')

    expect(await store.load(mine)).toEqual({ version: 0, closed: false, snapshot: undefined, events: [] })
    expect(await eventsIn(store, mine)).toEqual([])
    expect((await store.readAll({ tenantId, after: position - 1 })).events).toEqual([])
    expect(await logOf(store, tenantId)).toEqual([])
    expect(await store.resultOf(tenantId, command)).toBeUndefined()
    expect(await store.resultOf(tenantId, receiptOf('other content', command.id))).toBeUndefined()
    expect(await store.existsAll([mine])).toBe(false)
    expect(await store.existsOne([mine])).toBe(false)
    for (const filter of [{}, { aggregateId: 'same' }, metadata]) expect((await store.query({ tenantId, ...filter })).events).toEqual([])
    expect(await store.countByType(tenantId)).toEqual([])
    await store.transaction(tenantId, async (tx) => {
      expect(await tx.load(mine)).toMatchObject({ version: 0, snapshot: undefined })
      expect(await tx.resultOf(command)).toBeUndefined()
    })
    await refusal('CAIRN_VERSION_CONFLICT', store.append({ stream: mine, expected: 'exists', events: eventsOf(1) }))
  },

  'do not close each other’s streams': async ({ store, tenantId, otherTenantId }) => {
    const [mine, theirs] = [streamIn(tenantId, 'same'), streamIn(otherTenantId, 'same')]
    await store.append({ stream: mine, expected: 0, events: eventsOf(1) })
    await store.append({ stream: theirs, expected: 0, events: eventsOf(1) })
    await store.close(mine)
    expect(await store.load(theirs)).toMatchObject({ closed: false })
    expect(await store.append({ stream: theirs, expected: 1, events: eventsOf(1) })).toMatchObject({ version: 2 })
  },

  'append at the same time and each get their own': async ({ store, tenantId, otherTenantId }) => {
    const calls = Array.from({ length: 40 }, (_, i) => {
      const tenant = i % 2 === 0 ? tenantId : otherTenantId
      return store.append({
        stream: streamIn(tenant, `s-${i >> 1}`),
        expected: 0,
        events: [eventOf('order.noted', { tenant })],
        command: receiptOf(),
      })
    })
    for (const result of await Promise.all(calls)) expect(result.events[0]?.payload).toEqual({ tenant: result.stream.tenantId })
    for (const tenant of [tenantId, otherTenantId]) {
      const log = await logOf(store, tenant)
      expect(log).toHaveLength(20)
      for (const event of log) expect(event).toMatchObject({ tenantId: tenant, payload: { tenant } })
    }
  },

  'may be named system, or like another with other spelling': async ({ store, tenantId }) => {
    const names = ['system', tenantId, `${tenantId} `, tenantId.toUpperCase(), `${tenantId}%`, `${tenantId}_`]
    const id = `named-${tenantId}`
    for (const [i, name] of names.entries()) await store.append({ stream: streamIn(name, id), expected: 0, events: eventsOf(i + 1) })
    for (const [i, name] of names.entries()) {
      expect(await eventsIn(store, streamIn(name, id))).toHaveLength(i + 1)
      expect((await store.query({ tenantId: name, aggregateId: id })).events).toHaveLength(i + 1)
    }
  },
})
