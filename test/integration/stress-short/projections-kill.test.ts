import { expect, test } from 'vitest'
import { checkProjectionsKill } from '../../stress/projections-kill/check-projections-kill.ts'
import { testDatabase } from '../../support/test-database.ts'

const database = await testDatabase()

test('a process that is killed in the middle of a commit, and a rebuild at its switch, leave the fold of the log and each effect once', async () => {
  const verdict = await checkProjectionsKill(database, {
    rounds: 1,
    events: 300,
    seed: 1,
    points: ['batch-handled', 'rows-written', 'checkpoint-written', 'committed', 'switch-written'],
  })
  expect(verdict).toMatchObject({ ok: true, mismatches: 0, lost: 0, doubled: 0, reordered: 0, incompleteReads: 0, failures: [] })
}, 600_000)
