import { expect, test } from 'vitest'
import { checkCreation } from '../../stress/creation/check-creation.ts'
import { testDatabase } from '../../support/test-database.ts'

const database = await testDatabase()

test('of 16 racers with one expected version exactly one wins, and the others are told the version that it left', async () => {
  const verdict = await checkCreation(database, { racers: 16, rounds: 5, stores: 8, streams: 3 })
  expect(verdict).toMatchObject({
    ok: true,
    races: 5 * 2 * 2 * 3,
    withoutWinner: 0,
    withSeveralWinners: 0,
    wrongRefusals: 0,
    wrongStreams: 0,
    control: { winners: 16 },
  })
})
