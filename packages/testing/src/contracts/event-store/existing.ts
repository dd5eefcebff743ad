import { expect } from 'vitest'
import { contractGroup } from '../contract-case.ts'
import type { EventStoreContext } from './context.ts'
import { givenStream, streamIn } from './given.ts'

export const existing = contractGroup<EventStoreContext>('existsAll and existsOne', {
  'is true of all and of one where every stream exists': async (context) => {
    const { store } = context
    const streams = [(await givenStream(context, 1)).stream, (await givenStream(context, 3)).stream]
    expect(await store.existsAll(streams)).toBe(true)
    expect(await store.existsOne(streams)).toBe(true)
  },

  'is true of one but not of all where one is missing': async (context) => {
    const { store, tenantId } = context
    const { stream } = await givenStream(context, 1)
    for (const streams of [
      [stream, streamIn(tenantId)],
      [streamIn(tenantId), stream],
    ]) {
      expect(await store.existsAll(streams)).toBe(false)
      expect(await store.existsOne(streams)).toBe(true)
    }
  },

  'is false of both where none exists': async ({ store, tenantId }) => {
    const streams = [streamIn(tenantId), streamIn(tenantId)]
    expect(await store.existsAll(streams)).toBe(false)
    expect(await store.existsOne(streams)).toBe(false)
  },

  'is true of all and false of one where no stream is named': async ({ store }) => {
    expect(await store.existsAll([])).toBe(true)
    expect(await store.existsOne([])).toBe(false)
  },

  'takes a stream that is named twice as one': async (context) => {
    const { stream } = await givenStream(context, 1)
    expect(await context.store.existsAll([stream, stream])).toBe(true)
    expect(await context.store.existsOne([stream, stream])).toBe(true)
  },

  'tells streams apart that differ in one part of their key': async (context) => {
    const { store, tenantId, otherTenantId } = context
    const { stream } = await givenStream(context, 1, streamIn(tenantId, 'some-id'))
    for (const near of [
      { ...stream, tenantId: otherTenantId },
      { ...stream, aggregateType: 'invoice' },
      { ...stream, aggregateId: 'some-ID' },
    ]) {
      expect(await store.existsOne([near])).toBe(false)
      expect(await store.existsAll([stream, near])).toBe(false)
    }
  },

  'goes on to be true of a closed stream': async (context) => {
    const { stream } = await givenStream(context, 1)
    await context.store.close(stream)
    expect(await context.store.existsAll([stream])).toBe(true)
  },
})
