import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCairn, type Cairn } from '@cairn/cairn'
import { Registry, type FaultHook, type FaultPoint } from '@cairn/core'
import { generateRepository, gitHistory, importHistory, openRepository } from '@cairn/example-git-history'
import { billing, monitoring, shop } from '@cairn/example-shop'
import { PgEventStore } from '@cairn/infra/pg'
import { rebuild } from '@cairn/projections'
import { assert, asyncProperty, integer, record } from 'fast-check'
import { expect, test } from 'vitest'
import { ShopWriter } from '../../stress/projections/shop-writer.ts'
import { Random } from '../../stress/support/random.ts'
import { testDatabase } from '../../support/test-database.ts'
import { foldedRows, plain, visibleRows } from './support/fold.ts'
import { openPgHost, type PgProjectionHost } from './support/pg-host.ts'

// For every projection of the examples: live = rebuilt = rebuilt with several readers = fold of the log, however the batches fall
// and wherever it crashes.

const runs = 5
const databases = await Promise.all(Array.from({ length: runs }, testDatabase))
const domains = [shop, billing, monitoring, gitHistory]
const registry = new Registry(domains)

/** The points where a partition may break off; it is then taken again from its last commit. */
const breaking: readonly FaultPoint[] = ['batch-read', 'batch-handled', 'commit-begun', 'rows-written', 'checkpoint-written', 'committed']

const choices = record({
  seed: integer({ min: 1, max: 1_000_000 }),
  events: integer({ min: 150, max: 400 }),
  commits: integer({ min: 10, max: 40 }),
  pageSize: integer({ min: 5, max: 150 }),
  batchSize: integer({ min: 1, max: 60 }),
  commitEvents: integer({ min: 1, max: 120 }),
  /** How many of a hundred points break off. */
  breaks: integer({ min: 2, max: 10 }),
  rebuildPage: integer({ min: 7, max: 300 }),
  pendingRows: integer({ min: 1, max: 200 }),
  parallel: integer({ min: 2, max: 5 }),
})

/** Breaks off by chance at each point, at most so many times, until it is told to stop. */
class Breaking {
  left: number
  count = 0
  readonly #random: Random
  readonly #chance: number

  constructor(random: Random, chance: number, most: number) {
    this.#random = random
    this.#chance = chance
    this.left = most
  }

  readonly hook: FaultHook = (point) => {
    if (this.left === 0 || !breaking.includes(point) || !this.#random.chance(this.#chance)) return
    this.left--
    this.count++
    throw new Error(`broken off at ${point}`)
  }
}

async function expectFolded(host: PgProjectionHost, url: string, schema: string): Promise<number> {
  let rows = 0
  for (const definition of registry.projections) {
    const folded = await foldedRows({ ...lifting(host) }, definition)
    expect({ [definition.name]: plain(await visibleRows(url, schema, definition)) }).toEqual({ [definition.name]: plain(folded) })
    for (const table of folded.values()) rows += table.length
  }
  return rows
}

/** A reader whose events are lifted, as a fold wants them. */
function lifting({ reader }: PgProjectionHost): PgProjectionHost['reader'] {
  return {
    logId: () => reader.logId(),
    head: () => reader.head(),
    positionAt: (time) => reader.positionAt(time),
    read: async (options) => {
      const page = await reader.read(options)
      return { ...page, events: page.events.map((event) => registry.upcast(event)) }
    },
  }
}

async function importSome(app: Cairn<(typeof domains)[number]>, seed: number, commits: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'cairn-history-'))
  try {
    await generateRepository({ folder: join(folder, 'r'), seed, commits })
    await importHistory({ app, repository: await openRepository(join(folder, 'r')) })
  } finally {
    await rm(folder, { recursive: true })
  }
}

test('every projection of the examples: live, rebuilt, rebuilt with several readers, and folded are the same rows', async () => {
  let run = 0
  let broken = 0
  await assert(
    asyncProperty(choices, async (chosen) => {
      const database = databases[run++ % runs]
      if (database === undefined) throw new RangeError('There is no database left.')
      const random = new Random(chosen.seed)
      const live = new Breaking(random, chosen.breaks / 100, Number.POSITIVE_INFINITY)
      const app = await createCairn({
        domains,
        database: database.appUrl,
        workerUrl: database.workerUrl,
        ownerUrl: database.url,
        schema: database.schema,
        contextKey: database.contextKey,
        background: {
          pollMs: 20,
          standBackMs: 5,
          pageSize: chosen.pageSize,
          catchUpPageSize: chosen.pageSize,
          batchSize: chosen.batchSize,
          commit: { events: chosen.commitEvents, rows: 1_000, ms: 20 },
          faults: live.hook,
        },
      })
      const host = await openPgHost(database, registry.projections, undefined, registry)
      try {
        const writer = new ShopWriter(new PgEventStore(host.db), random)
        await Promise.all([writer.write(chosen.events), importSome(app, chosen.seed, chosen.commits)])
        live.left = 0
        broken += live.count
        await app.waitFor((await host.reader.head()).newest, undefined, { timeoutMs: 60_000 })
        expect(await expectFolded(host, database.url, database.schema)).toBeGreaterThan(50)
        await app.stop()

        for (const parallel of [1, chosen.parallel]) {
          const rebuilding = new Breaking(random, chosen.breaks / 100, 4)
          const breakable = await openPgHost(database, registry.projections, rebuilding.hook, registry)
          const tuning = { pageSize: chosen.rebuildPage, maxPendingRows: chosen.pendingRows, flushEveryMs: 5, leaseMs: 1_000 }
          for (let tries = 0; ; tries++) {
            const { outcomes } = await rebuild(breakable, { all: true, outdated: tries > 0, parallel, tuning })
            const failed = outcomes.filter(({ status }) => status !== 'rebuilt' && status !== 'up-to-date')
            if (failed.length === 0) break
            if (tries === 8) throw failed[0]?.error ?? new Error(`A rebuild ended as ${failed[0]?.status}.`)
          }
          broken += rebuilding.count
          await breakable.close()
          await expectFolded(host, database.url, database.schema)
        }
      } finally {
        await app.stop()
        await host.close()
      }
    }),
    { numRuns: runs, endOnFailure: true },
  )
  // Else nothing was shown of crashes.
  expect(broken).toBeGreaterThan(5)
}, 240_000)
