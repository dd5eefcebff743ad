import { expect, test } from 'vitest'
import { checkOrder, type OrderOptions } from '../../stress/order/check-order.ts'
import { testDatabase } from '../../support/test-database.ts'

const small: OrderOptions = { writers: 16, events: 2_000, inOneTransaction: 500, seed: 1 }
const nothingWrong = { lost: 0, doubled: 0, inverted: 0, phantom: 0, stalledMs: 0, brokenStreams: 0, misreported: 0 }

const fromTheStart = await testDatabase()

test('readers miss nothing, see nothing twice and in order, are never stalled by others, and a naive reader loses some', async () => {
  const verdict = await checkOrder(fromTheStart, small)
  expect(verdict).toMatchObject({ ok: true, ...nothingWrong, longTransaction: { appends: 500, advisoryLocks: 1 } })
  expect(verdict.committed).toBeGreaterThanOrEqual(2_000)
  expect(verdict.takenBack).toBeGreaterThan(0)
  expect(verdict.control.lost).toBeGreaterThan(0)
  expect(verdict.control.gatedReaderStalled).toBe(true)
})

// A lock carries 32 bits of a position; a sign and an overflow lie behind these.
const boundaries = [
  { power: 31, database: await testDatabase() },
  { power: 32, database: await testDatabase() },
  { power: 33, database: await testDatabase() },
]

test.each(boundaries)('the same while positions go past 2^$power', async ({ power, database }) => {
  const sequenceStart = 2 ** power - 300
  const verdict = await checkOrder(database, { ...small, events: 1_000, inOneTransaction: 0, sequenceStart })
  expect(verdict).toMatchObject({ ok: true, ...nothingWrong, firstPosition: sequenceStart + 1 })
  expect(verdict.lastPosition).toBeGreaterThan(2 ** power)
  expect(verdict.control.lost).toBeGreaterThan(0)
})
