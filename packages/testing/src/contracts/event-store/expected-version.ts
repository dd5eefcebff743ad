import type { ExpectedVersion } from '@cairn/core'
import { VersionConflictError } from '@cairn/core'
import { expect } from 'vitest'
import { contractGroup } from '../contract-case.ts'
import { refusal, upTo } from '../observe.ts'
import type { EventStoreContext } from './context.ts'
import { eventsOf, givenStream, receiptOf, streamIn } from './given.ts'
import { eventsIn, logOf, versionsOf } from './observe.ts'

/** A stream of `version` events, an expectation, and whether an append goes through. */
const table: readonly (readonly [version: number, expected: ExpectedVersion, stored: boolean])[] = [
  [0, 0, true],
  [0, 'any', true],
  [0, 'exists', false],
  [0, 1, false],
  [2, 2, true],
  [2, 'any', true],
  [2, 'exists', true],
  [2, 0, false],
  [2, 1, false],
  [2, 3, false],
]

function conflictOf(error: unknown): { readonly actual: number; readonly expected: ExpectedVersion } {
  expect(error).toBeInstanceOf(VersionConflictError)
  if (!(error instanceof VersionConflictError)) throw error
  expect(error.retryable).toBe(true)
  return { actual: error.actual, expected: error.expected }
}

export const expectedVersion = contractGroup<EventStoreContext>('expected version', {
  ...Object.fromEntries(
    table.map(([version, expected, stored]) => [
      `${stored ? 'lets an append through' : 'refuses an append'} that expects ${expected} of a stream at ${version}`,
      async ({ store, tenantId }: EventStoreContext) => {
        const stream = streamIn(tenantId)
        if (version > 0) await store.append({ stream, expected: 0, events: eventsOf(version) })
        const append = (): Promise<unknown> => store.append({ stream, expected, events: eventsOf(1, 100) })
        if (stored) await append()
        else expect(conflictOf(await refusal('CAIRN_VERSION_CONFLICT', append))).toEqual({ actual: version, expected })
        expect(versionsOf(await eventsIn(store, stream))).toEqual(upTo(version + (stored ? 1 : 0)))
      },
    ]),
  ),

  'stores none of the events of a refused append, nor its receipt, nor its snapshot': async (context) => {
    const { store, tenantId } = context
    const { stream } = await givenStream(context, 1)
    const command = receiptOf()
    const snapshot = { version: 1, schemaVersion: 1, state: { wrong: true } }
    await refusal('CAIRN_VERSION_CONFLICT', store.append({ stream, expected: 9, events: eventsOf(5), command, snapshot }))
    expect(await store.resultOf(tenantId, command)).toBeUndefined()
    expect(await store.load(stream)).toMatchObject({ version: 1, snapshot: undefined })
    expect(await logOf(store, tenantId)).toHaveLength(1)
  },

  'lets exactly one of 16 racers create a stream, and tells the others the version they lost to': async ({ store, rival, tenantId }) => {
    for (let round = 0; round < 10; round++) {
      const stream = streamIn(tenantId)
      const racers = upTo(16).map((n) => (n % 2 === 0 ? store : rival).append({ stream, expected: 0, events: eventsOf(2, n * 100) }))
      await expectOneWinner(racers, 2)
      expect(versionsOf(await eventsIn(store, stream))).toEqual([1, 2])
    }
  },

  'lets exactly one of 16 racers append to a stream at the version they all saw': async (context) => {
    const { store, rival } = context
    for (let round = 0; round < 10; round++) {
      const { stream } = await givenStream(context, 3)
      const racers = upTo(16).map((n) => (n % 2 === 0 ? store : rival).append({ stream, expected: 3, events: eventsOf(1, n * 100) }))
      await expectOneWinner(racers, 4)
      expect(versionsOf(await eventsIn(store, stream))).toEqual(upTo(4))
    }
  },

  'lets a conflict on one stream be no matter of another that is appended at the same time': async (context) => {
    const { store, tenantId } = context
    const { stream: taken } = await givenStream(context, 1)
    const others = Array.from({ length: 10 }, () => streamIn(tenantId))
    const calls = [taken, ...others].map((stream) => store.append({ stream, expected: 0, events: eventsOf(1) }))
    const outcomes = await Promise.allSettled(calls)
    expect(outcomes.map((outcome) => outcome.status)).toEqual(['rejected', ...others.map(() => 'fulfilled')])
    for (const stream of others) expect(await eventsIn(store, stream)).toHaveLength(1)
  },
})

async function expectOneWinner(racers: readonly Promise<unknown>[], actual: number): Promise<void> {
  const outcomes = await Promise.allSettled(racers)
  const lost = outcomes.filter((outcome) => outcome.status === 'rejected')
  expect(outcomes.length - lost.length).toBe(1)
  for (const { reason } of lost) expect(conflictOf(reason).actual).toBe(actual)
}
