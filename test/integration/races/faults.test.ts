import { startTcpProxy } from '@cairn/testing/services'
import { expect, test } from 'vitest'
import { checkFaults } from '../../stress/faults/check-faults.ts'
import { cutAnswers } from '../../stress/faults/cut-answers.ts'
import { openStores } from '../../stress/support/stores.ts'
import { testDatabase } from '../../support/test-database.ts'

const database = await testDatabase()

test('cut connections, terminated backends and a stopped server: every append has one effect, and its caller the answer', async () => {
  const verdict = await checkFaults(database, { rounds: 2, seconds: 1, callers: 24, batch: 100, seed: 1 })
  expect(verdict).toMatchObject({ ok: true, lost: 0, doubled: 0, halfDone: 0, misreported: 0, unanswered: 0, control: { doubled: 2 } })
  expect(verdict.diedAtCommit).toEqual({ transactions: 2, wronglyAnswered: 0, stored: 0, wrongErrors: 0 })
  expect(Object.keys(verdict.cutAnswers)).toHaveLength(10)
  // Two rounds of each shape, each cut once or twice: a cut that did not happen would have tried nothing.
  expect(verdict.missedCuts).toBe(0)
  for (const [shape, { strikes }] of Object.entries(verdict.cutAnswers))
    expect({ shape, strikes }).toEqual({ shape, strikes: shape.endsWith('twice') ? 4 : 2 })
  expect(Math.min(verdict.connectionsCut.strikes, verdict.backendsTerminated.strikes, verdict.serverStopped.strikes)).toBeGreaterThan(0)
})

test('cuts that do not happen are not counted: those at a statement that nobody runs', async () => {
  const { port, hostname } = new URL(database.appUrl)
  const proxy = await startTcpProxy(Number(port || '5432'), hostname)
  const stores = await openStores({ ...database, appUrl: proxy.through(database.appUrl) }, 1)
  try {
    const shape = { batch: 3, withCommand: true, cuts: 1 }
    expect(await cutAnswers(stores.at(0), proxy, database.schema, shape)).toMatchObject({ happened: 1 })
    const { answers, happened } = await cutAnswers(stores.at(0), proxy, 'renamed', shape)
    expect({ answers: answers.length, happened }).toEqual({ answers: 3, happened: 0 })
  } finally {
    await stores.close()
    await proxy.stop()
  }
})
