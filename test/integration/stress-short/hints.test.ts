import { expect, test } from 'vitest'
import { checkHints } from '../../stress/hints/check-hints.ts'
import { testDatabase } from '../../support/test-database.ts'

const database = await testDatabase()

// How soon is for the command to say, on a machine that does nothing else.
test('without hints an event is visible within a poll interval; a listener that is cut off and a pool of two freeze nothing', async () => {
  const verdict = await checkHints(database, { probes: 8, pollMs: 300, slackMs: 5_000, cuts: 3, events: 100, seed: 1 })
  expect(verdict).toMatchObject({
    ok: true,
    withoutHints: { late: 0 },
    listenerCut: { cuts: 3, late: 0, heardAgain: true },
    smallPool: { projections: 5, done: true, lost: 0, doubled: 0 },
  })
}, 300_000)
