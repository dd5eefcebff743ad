import { expect, test } from 'vitest'
import { checkPoison } from '../../stress/poison/check-poison.ts'
import { testDatabase } from '../../support/test-database.ts'

const database = await testDatabase()

test('a poison event stops its key alone, and a rebuild, until the code is fixed; then all is handled in order', async () => {
  const verdict = await checkPoison(database, { streams: 6, entries: 5 })
  expect(verdict).toMatchObject({
    ok: true,
    rows: 12,
    othersBehind: 0,
    poisonedWentOn: 0,
    parked: 1,
    waiting: 5,
    strictStopped: 1,
    statusExitCode: 1,
    rebuildExitCode: 1,
    rebuildNamesIt: true,
    healed: true,
    mismatches: 0,
    mismatchesRebuilt: 0,
    healedExitCodes: [0, 0],
  })
}, 300_000)
