import { expect, test } from 'vitest'
import { checkRebuildLoad } from '../../stress/rebuild-load/check-rebuild-load.ts'
import { testDatabase } from '../../support/test-database.ts'

const database = await testDatabase()

// How fast appends stay is for the command to say, on a machine that does nothing else.
test('rebuilds while orders come in: none is lost, and readers always see a whole model', async () => {
  const verdict = await checkRebuildLoad(database, {
    rounds: 1,
    rate: 100,
    events: 1_000,
    idleSeconds: 1,
    slower: 1_000,
    p99Ms: 10_000,
    seed: 1,
  })
  expect(verdict).toMatchObject({ ok: true, rebuilds: 1, failedAppends: 0, incompleteReads: 0, mismatches: 0, failures: [] })
}, 300_000)
