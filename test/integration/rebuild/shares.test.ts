import { uuidv7, type Member } from '@cairn/core'
import { rebuild } from '@cairn/projections'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testDatabase } from '../../support/test-database.ts'
import { balances, totals } from './support/bank.ts'
import { openPgHost, type PgProjectionHost } from './support/pg-host.ts'
import { Writer } from './support/writer.ts'

const database = await testDatabase()
let host: PgProjectionHost
let writer: Writer

beforeAll(async () => {
  host = await openPgHost(database, [balances({ partitions: 2 }), totals])
  writer = new Writer(host.db)
  await writer.append(200)
})

afterAll(async () => {
  await writer.drained()
  await host.close()
})

/** Everyone who is there, as a worker sees them that could run a subscription. */
async function seenBy(runs: Member['runs']): Promise<readonly Member[]> {
  const worker = { id: uuidv7(), label: 'worker', runs }
  const { members } = await host.subscriptions.heartbeat(worker, [], 5_000)
  await host.subscriptions.leave(worker.id)
  return members.filter(({ id }) => id !== worker.id)
}

describe('a rebuild of several projections', () => {
  it('is counted for none that it has switched to and given back, while it works on the next', async () => {
    let seen: readonly Member[] = []
    const faults = async (point: string, details?: Readonly<Record<string, unknown>>): Promise<void> => {
      if (point !== 'rebuild-caught-up' || details?.['name'] !== 'owner-total') return
      const live = await host.subscriptions.get({ name: 'account-balance', generation: 1 })
      expect(live?.partitions.map(({ state, owner }) => ({ state, owner }))).toEqual(
        Array.from({ length: 2 }, () => ({ state: 'catching-up', owner: undefined })),
      )
      seen = await seenBy([{ key: { name: 'account-balance', generation: 1 }, fingerprint: live?.fingerprint ?? '' }])
    }
    const { outcomes } = await rebuild({ ...host, faults }, { all: true })
    expect(outcomes.map(({ status }) => status)).toEqual(['rebuilt', 'rebuilt'])
    expect(seen.map(({ runs }) => runs.map(({ key }) => key.name))).toEqual([['owner-total']])
  })
})
