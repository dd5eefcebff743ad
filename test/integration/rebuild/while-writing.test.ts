import { rebuild } from '@cairn/projections'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { eventually } from '../../support/processes.ts'
import { testDatabase } from '../../support/test-database.ts'
import { balances, balancesV2 } from './support/bank.ts'
import { foldedRows, visibleRows } from './support/fold.ts'
import { LiveFeeder } from './support/live-feeder.ts'
import { openPgHost, type PgProjectionHost } from './support/pg-host.ts'
import { Writer } from './support/writer.ts'

const database = await testDatabase()
const accounts = 40
const version1 = balances()
let host: PgProjectionHost
let newer: PgProjectionHost
let writer: Writer

beforeAll(async () => {
  host = await openPgHost(database, [version1])
  newer = await openPgHost(database, [balancesV2])
  writer = new Writer(host.db, accounts)
  await writer.append(2_000)
  await rebuild(host, { all: true })
})

afterAll(async () => {
  await writer.drained()
  await host.close()
  await newer.close()
})

/** Reads the view as an app does, by prepared statements that name their columns, until stopped. */
class Reader {
  readonly #client = new Client({ connectionString: database.url })
  readonly #stop = new AbortController()
  readonly #reading: Promise<void>
  #ended: Promise<void> | undefined
  readonly problems: string[] = []
  reads = 0
  #sum = 0

  constructor() {
    this.#reading = this.#run()
  }

  stop(): Promise<void> {
    this.#stop.abort()
    this.#ended ??= this.#reading.then(() => this.#client.end())
    return this.#ended
  }

  async #run(): Promise<void> {
    await this.#client.connect()
    while (!this.#stop.signal.aborted) {
      try {
        const { rows } = await this.#client.query<{ rows: number; sum: number }>({
          name: 'totals',
          text: `select count(*)::int as rows, sum(balance)::int as sum from ${database.schema}.account_balance`,
        })
        this.reads++
        const sum = rows[0]?.sum ?? 0
        if (rows[0]?.rows !== accounts) this.problems.push(`${rows[0]?.rows} rows`)
        // Bookings only add: a switch to rows that are behind the live ones would show.
        if (sum < this.#sum) this.problems.push(`from ${this.#sum} back to ${sum}`)
        this.#sum = sum
      } catch (error) {
        this.problems.push(String(error))
        return
      }
    }
  }
}

describe('a rebuild while writers write and the live generation is fed', () => {
  it('loses nothing, whatever the version, and readers always see a whole model', async () => {
    const reader = new Reader()
    onTestFinished(() => reader.stop())
    const stopWriting = writer.keepAppending(10)
    const feeders = [new LiveFeeder(host, version1), new LiveFeeder(newer, balancesV2)]
    const feedersFailed = () => feeders.some(({ failed }) => failed)
    for (let round = 0; round < 4; round++) {
      const { outcomes } = await rebuild(host, { all: true, tuning: { pageSize: 300 } })
      expect(outcomes[0]).toMatchObject({ status: 'rebuilt', toVersion: 1 })
    }
    const { outcomes } = await rebuild(newer, { all: true, tuning: { pageSize: 300 } })
    expect(outcomes[0]).toMatchObject({ status: 'rebuilt', fromVersion: 1, toVersion: 2 })
    const appended = await stopWriting()
    expect(appended).toBeGreaterThan(200)
    const { horizon } = await host.reader.head()
    // Both go on being fed: the live generation, and the previous one for a rollback. One that was retired while it was still
    // fed stays until the next rebuild, as it is.
    const caughtUp = async () => {
      const generations = await host.store.generations(version1.name)
      const fed = generations.filter(({ state }) => state === 'live' || state === 'previous')
      const statuses = await Promise.all(fed.map(({ projection, generation }) => host.subscriptions.get({ name: projection, generation })))
      return statuses.every((status) => status?.partitions.every(({ checkpoint }) => checkpoint >= horizon) === true)
    }
    const done = await eventually(async () => feedersFailed() || (await caughtUp()))
    for (const feeder of feeders) await feeder.stop()
    expect(done).toBe(true)
    await reader.stop()
    expect(reader.problems).toEqual([])
    expect(reader.reads).toBeGreaterThan(20)
    expect(await visibleRows(database.url, database.schema, balancesV2)).toEqual(await foldedRows(host.reader, balancesV2))
    await host.store.rollback(version1.name)
    expect(await visibleRows(database.url, database.schema, version1)).toEqual(await foldedRows(host.reader, version1))
  })
})
