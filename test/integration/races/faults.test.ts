import { expect, test } from 'vitest'
import { checkFaults } from '../../stress/faults/check-faults.ts'
import { testDatabase } from '../../support/test-database.ts'

const database = await testDatabase()

test('cut connections, terminated backends and a stopped server: every append has one effect, and its caller the answer', async () => {
  const verdict = await checkFaults(database, { rounds: 2, seconds: 1, callers: 24, batch: 100, seed: 1 })
  expect(verdict).toMatchObject({ ok: true, lost: 0, doubled: 0, halfDone: 0, misreported: 0, unanswered: 0, control: { doubled: 2 } })
  expect(verdict.diedAtCommit).toEqual({ transactions: 2, wronglyAnswered: 0, stored: 0, wrongErrors: 0 })
  expect(Object.keys(verdict.cutAnswers)).toHaveLength(10)
  expect(Math.min(verdict.connectionsCut.strikes, verdict.backendsTerminated.strikes, verdict.serverStopped.strikes)).toBeGreaterThan(0)
})
