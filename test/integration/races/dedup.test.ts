import { expect, test } from 'vitest'
import { checkDedup } from '../../stress/dedup/check-dedup.ts'
import { testDatabase } from '../../support/test-database.ts'

const database = await testDatabase()

test('a command id from 16 racers takes effect once, all get the same answer, and other content is refused', async () => {
  const verdict = await checkDedup(database, { racers: 16, rounds: 5, stores: 8 })
  expect(verdict).toMatchObject({
    ok: true,
    races: 5 * 2 * 3,
    notOneFirst: 0,
    unequal: 0,
    failed: 0,
    wronglyReused: 0,
    wrongStreams: 0,
    control: { appended: 16 },
  })
})
