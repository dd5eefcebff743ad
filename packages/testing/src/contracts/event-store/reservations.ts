import { isCairnError } from '@cairn/core'
import { setImmediate } from 'node:timers/promises'
import { expect } from 'vitest'
import { contractGroup } from '../contract-case.ts'
import { refusal, upTo } from '../observe.ts'
import type { EventStoreContext } from './context.ts'
import { eventsOf, receiptOf, streamIn } from './given.ts'
import { expectNothingStored } from './observe.ts'

const taken = 'CAIRN_RESERVATION_TAKEN'

function reserve({ store, tenantId }: Pick<EventStoreContext, 'store' | 'tenantId'>, scope: string, key: string): Promise<void> {
  return store.transaction(tenantId, async (tx) => tx.reserve(scope, key))
}

function release({ store, tenantId }: EventStoreContext, scope: string, key: string): Promise<boolean> {
  return store.transaction(tenantId, async (tx) => tx.release(scope, key))
}

/** A transaction that holds a value until it is told to give up. */
async function givenHolder({ store, tenantId }: Pick<EventStoreContext, 'store' | 'tenantId'>, scope: string, key: string) {
  const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>()
  const { promise: holds, resolve: isHeld } = Promise.withResolvers<void>()
  const work = store.transaction(tenantId, async (tx) => {
    await tx.reserve(scope, key)
    isHeld()
    await mayEnd
    throw new Error('gave up')
  })
  await Promise.race([holds, work])
  return {
    giveUp: async (): Promise<void> => {
      end()
      await expect(work).rejects.toThrow('gave up')
    },
  }
}

export const reservations = contractGroup<EventStoreContext>('reservations', {
  'gives a value to one transaction and refuses it to later ones': async (context) => {
    await reserve(context, 'email', 'ann@example.org')
    const error = await refusal(taken, reserve(context, 'email', 'ann@example.org'))
    expect(error.details).toMatchObject({ tenantId: context.tenantId, scope: 'email', key: 'ann@example.org' })
  },

  'stores nothing of a transaction whose value was taken': async (context) => {
    const { store, tenantId } = context
    await reserve(context, 'email', 'ann')
    const command = receiptOf()
    const work = store.transaction(tenantId, async (tx) => {
      tx.append({ stream: streamIn(tenantId), expected: 0, events: eventsOf(1), command })
      await tx.reserve('email', 'free')
      await tx.reserve('email', 'ann')
    })
    await refusal(taken, work)
    await expectNothingStored(context)
    expect(await store.resultOf(tenantId, command)).toBeUndefined()
    await reserve(context, 'email', 'free')
  },

  'stores nothing even when the work hides that a value was taken': async (context) => {
    const { store, tenantId } = context
    await reserve(context, 'email', 'ann')
    const work = store.transaction(tenantId, async (tx) => {
      await tx.reserve('email', 'ann').catch(() => undefined)
      tx.append({ stream: streamIn(tenantId), expected: 0, events: eventsOf(1) })
    })
    await refusal(taken, work)
    await expectNothingStored(context)
  },

  'gives a value back when it is released': async (context) => {
    await reserve(context, 'email', 'ann')
    expect(await release(context, 'email', 'ann')).toBe(true)
    await reserve(context, 'email', 'ann')
    await refusal(taken, reserve(context, 'email', 'ann'))
  },

  'says when there was nothing to release': async (context) => {
    expect(await release(context, 'email', 'nobody')).toBe(false)
    await reserve(context, 'email', 'ann')
    expect(await release(context, 'email', 'Ann')).toBe(false)
    expect(await release(context, 'phone', 'ann')).toBe(false)
    await refusal(taken, reserve(context, 'email', 'ann'))
  },

  'undoes reservations and releases when the work throws': async (context) => {
    const { store, tenantId } = context
    await reserve(context, 'email', 'old')
    const work = store.transaction(tenantId, async (tx) => {
      await tx.release('email', 'old')
      await tx.reserve('email', 'new')
      throw new Error('in the middle')
    })
    await expect(work).rejects.toThrow('in the middle')
    await reserve(context, 'email', 'new')
    await refusal(taken, reserve(context, 'email', 'old'))
  },

  'undoes reservations when an append meets a conflict': async (context) => {
    const { store, tenantId } = context
    const stream = streamIn(tenantId)
    await store.append({ stream, expected: 0, events: eventsOf(1) })
    const work = store.transaction(tenantId, async (tx) => {
      await tx.reserve('email', 'ann')
      tx.append({ stream, expected: 0, events: eventsOf(1) })
    })
    await refusal('CAIRN_VERSION_CONFLICT', work)
    await reserve(context, 'email', 'ann')
  },

  'can release and reserve again, and swap values, in one transaction': async (context) => {
    const { store, tenantId } = context
    await reserve(context, 'email', 'old')
    await store.transaction(tenantId, async (tx) => {
      expect(await tx.release('email', 'old')).toBe(true)
      expect(await tx.release('email', 'old')).toBe(false)
      await tx.reserve('email', 'old')
      await tx.release('email', 'old')
      await tx.reserve('email', 'new')
    })
    await reserve(context, 'email', 'old')
    await refusal(taken, reserve(context, 'email', 'new'))
  },

  'keeps scopes, keys and tenants apart': async (context) => {
    const { store, otherTenantId } = context
    await reserve(context, 'a', 'bc')
    for (const [scope, key] of [
      ['ab', 'c'],
      ['A', 'bc'],
      ['a', 'Bc'],
      ['a', 'bc '],
      ['bc', 'a'],
    ] as const)
      await reserve(context, scope, key)
    await reserve({ store, tenantId: otherTenantId }, 'a', 'bc')
    await refusal(taken, reserve({ store, tenantId: otherTenantId }, 'a', 'bc'))
    expect(await release(context, 'a', 'bc')).toBe(true)
    await refusal(taken, reserve({ store, tenantId: otherTenantId }, 'a', 'bc'))
  },

  'gives a value to exactly one of 16 racers, with its append': async ({ store, rival, tenantId }) => {
    for (let round = 0; round < 5; round++) {
      const streams = upTo(16).map(() => streamIn(tenantId))
      const outcomes = await Promise.allSettled(
        streams.map((stream, i) =>
          (i % 2 === 0 ? store : rival).transaction(tenantId, async (tx) => {
            await tx.reserve('email', `racer-${round}`)
            tx.append({ stream, expected: 0, events: eventsOf(1) })
            return stream
          }),
        ),
      )
      const winners = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
      expect(winners).toHaveLength(1)
      for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: taken })
      const existing = await Promise.all(streams.map((stream) => store.existsAll([stream])))
      expect(streams.filter((_, i) => existing[i])).toEqual(winners)
    }
  },

  'lets the next one have a value whose holder gave up': async ({ store, rival, tenantId }) => {
    const holder = await givenHolder({ store, tenantId }, 'email', 'ann')
    const second = rival.transaction(tenantId, async (tx) => tx.reserve('email', 'ann'))
    await holder.giveUp()
    await second
    await refusal(taken, reserve({ store, tenantId }, 'email', 'ann'))
  },

  'lets the next one have a value that a transaction was waiting for when it failed': async ({ store, rival, tenantId }) => {
    await reserve({ store, tenantId }, 'username', 'taken')
    const holder = await givenHolder({ store, tenantId }, 'email', 'ann')
    const waiting = rival.transaction(tenantId, (tx) => Promise.all([tx.reserve('email', 'ann'), tx.reserve('username', 'taken')]))
    const outcome = Promise.allSettled([waiting])
    await setImmediate()
    await holder.giveUp()
    expect(await outcome).toMatchObject([{ status: 'rejected', reason: { code: taken } }])
    await reserve({ store, tenantId }, 'email', 'ann')
    await refusal(taken, reserve({ store, tenantId }, 'email', 'ann'))
  },

  'stores nothing when the work does not wait to hear that a value was taken': async (context) => {
    const { store, tenantId } = context
    await reserve(context, 'email', 'ann')
    for (const streams of [[], [streamIn(tenantId)], [streamIn(tenantId), streamIn(tenantId)]]) {
      const work = store.transaction(tenantId, async (tx) => {
        tx.reserve('email', 'free').catch(() => undefined)
        tx.reserve('email', 'ann').catch(() => undefined)
        for (const stream of streams) tx.append({ stream, expected: 0, events: eventsOf(1) })
      })
      await refusal(taken, work)
    }
    await expectNothingStored(context)
    await reserve(context, 'email', 'free')
  },

  'never commits a transaction that it refused a value to, also where the work asks for it after it has returned': async (context) => {
    const { store, tenantId } = context
    await reserve(context, 'email', 'ann')
    const stream = streamIn(tenantId)
    let late: Promise<unknown> = Promise.resolve()
    const work = store.transaction(tenantId, async (tx) => {
      late = tx.load(stream).then(() => tx.reserve('email', 'ann'))
      late.catch(() => undefined)
      tx.append({ stream, expected: 0, events: eventsOf(1) })
    })
    const [outcome] = await Promise.allSettled([work])
    // Either it is part of the transaction, or it is told that this takes no more.
    await refusal(outcome.status === 'rejected' ? taken : 'CAIRN_STOPPED', late)
    expect(await store.existsAll([stream])).toBe(outcome.status === 'fulfilled')
  },

  'gives a value to a transaction whose work does not wait for it, before it is done': async ({ store, rival, tenantId }) => {
    const holder = await givenHolder({ store, tenantId }, 'email', 'ann')
    const work = rival.transaction(tenantId, async (tx) => {
      tx.reserve('email', 'ann').catch(() => undefined)
      tx.release('email', 'bob').catch(() => undefined)
    })
    const outcome = Promise.allSettled([work])
    await setImmediate()
    await holder.giveUp()
    expect(await outcome).toMatchObject([{ status: 'fulfilled' }])
    await refusal(taken, reserve({ store, tenantId }, 'email', 'ann'))
  },

  'lets one of two transactions go on that wait for each other’s values': async ({ store, rival, tenantId }) => {
    const held = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const
    const cross = (mine: 0 | 1, theirs: 0 | 1): Promise<void> =>
      [store, rival][mine]?.transaction(tenantId, async (tx) => {
        await tx.reserve('email', `key-${mine}`)
        held[mine].resolve()
        await held[theirs].promise
        await tx.reserve('email', `key-${theirs}`)
      }) ?? Promise.resolve()
    const outcomes = await Promise.allSettled([cross(0, 1), cross(1, 0)])
    expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1)
    for (const outcome of outcomes) if (outcome.status === 'rejected') expect(isCairnError(outcome.reason)).toBe(true)
    for (const key of ['key-0', 'key-1']) await refusal(taken, reserve({ store, tenantId }, 'email', key))
  },

  'refuses scopes and keys that cannot be stored': async (context) => {
    for (const wrong of ['', 'NUL \0', 'half \ud800', 'x'.repeat(10_000)]) {
      await refusal('CAIRN_INVALID_INPUT', () => reserve(context, wrong, 'key'))
      await refusal('CAIRN_INVALID_INPUT', () => reserve(context, 'scope', wrong))
    }
  },

  'takes unusual keys as they are': async (context) => {
    const keys = ["o'neil@example.org", '50%', '_', '\\', 'ünï@例え.jp', '🙂', ' x ', 'x'.repeat(200)]
    for (const key of keys) await reserve(context, 'email', key)
    for (const key of keys) await refusal(taken, reserve(context, 'email', key))
  },
})
