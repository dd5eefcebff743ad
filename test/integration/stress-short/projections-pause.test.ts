import { expect, test } from 'vitest'
import { checkProjectionsPause } from '../../stress/projections-pause/check-projections-pause.ts'
import { testDatabase } from '../../support/test-database.ts'

const database = await testDatabase()

// How soon another goes on is for the command to say, on a machine that does nothing else.
test('a process that is paused with a batch in its hands commits none of it when it wakes up, and another one has gone on', async () => {
  const verdict = await checkProjectionsPause(database, {
    rounds: 1,
    failovers: 1,
    leaseMs: 2_500,
    failoverMs: 60_000,
    seed: 1,
    points: ['batch-handled', 'rows-written', 'checkpoint-written'],
  })
  expect(verdict).toMatchObject({
    ok: true,
    pausedCommits: 0,
    lateCommits: 0,
    strayWrites: 0,
    notGoneOn: 0,
    mismatches: 0,
    lost: 0,
    doubled: 0,
    failures: [],
  })
}, 600_000)
