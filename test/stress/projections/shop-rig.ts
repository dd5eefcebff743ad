import { Registry, type FaultPoint } from '@cairn/core'
import { PgSubscriptionStore, type PgDatabase } from '@cairn/infra/pg'
import { createCairn } from '@cairn/cairn'
import type { Client } from 'pg'
import { openAdmin } from '../support/admin.ts'
import type { CheckDatabase } from '../support/check-database.ts'
import { Endings } from '../support/endings.ts'
import { Random } from '../support/random.ts'
import { openStores } from '../support/stores.ts'
import { caughtUp } from './catch-up.ts'
import { startCommand, startRebuild, startShop, type Child } from './child-process.ts'
import type { ChildSettings, Strike } from './child-settings.ts'
import { compareWithFold, type ComparedRows } from './compare-rows.ts'
import { countMails, mails, makeMailsTable, type MailCounts } from './mails.ts'
import { onDatabase, projections, shopDomains } from './shop-place.ts'
import { plantInDatabase, type Plant } from './plants.ts'
import { ShopWriter } from './shop-writer.ts'

export interface RigOptions {
  readonly seed: number
  readonly plant?: Plant | undefined
  /** Of the processes, milliseconds. @default 500 */
  readonly leaseMs?: number | undefined
}

/** Without anything moving. */
const catchUpMs = 30_000
/** A control is not waited for: what it broke may never come right. */
const plantedCatchUpMs = 8_000

/** A shop on a check's database: a writer, and processes that are started and struck down. */
export class ShopRig {
  readonly database: CheckDatabase
  readonly admin: Client
  readonly db: PgDatabase
  readonly writer: ShopWriter
  readonly random: Random
  readonly #options: RigOptions
  readonly #endings: Endings
  readonly #running = new Set<Child>()
  #started = 0

  static async open(database: CheckDatabase, options: RigOptions): Promise<ShopRig> {
    const endings = new Endings()
    try {
      const admin = endings.add(await openAdmin(database.url), (client) => client.end())
      const stores = endings.add(await openStores(database, 1), (opened) => opened.close())
      const [first] = stores.all
      if (first === undefined) throw new RangeError('No store is open.')
      await makeMailsTable(admin)
      await plantInDatabase(admin, database, options.plant)
      // Makes the generations, so that processes that may not migrate find them.
      await (await createCairn({ domains: shopDomains, ...onDatabase(database) })).stop()
      return new ShopRig(database, admin, first.db, new ShopWriter(first.store, new Random(options.seed)), options, endings)
    } catch (error) {
      await endings.end()
      throw error
    }
  }

  private constructor(database: CheckDatabase, admin: Client, db: PgDatabase, writer: ShopWriter, options: RigOptions, endings: Endings) {
    this.database = database
    this.admin = admin
    this.db = db
    this.writer = writer
    this.random = new Random(options.seed + 1)
    this.#options = options
    this.#endings = endings
  }

  startShop(steps: ChildSettings['steps'], strike?: Strike): Child {
    return this.#start((settings) => startShop({ ...settings, steps }), strike)
  }

  /** With everything as an app has it that says nothing. */
  startApp(): Child {
    return this.#start((settings) => startShop({ ...settings, steps: 'large', leaseMs: undefined }))
  }

  startRebuild(strike?: Strike): Child {
    return this.#start(startRebuild, strike)
  }

  startCommand(...args: readonly string[]): Child {
    return this.#start((settings) => startCommand(settings, ...args))
  }

  /** Has one process do everything that is left. Says what it did not, if something. */
  async catchUp(process: Child = this.startShop('large')): Promise<string | undefined> {
    const { done, behind } = await caughtUp(
      this.admin,
      this.database,
      this.writer.position,
      this.#options.plant === undefined ? catchUpMs : plantedCatchUpMs,
    )
    const { code, stderr } = done ? await process.finish() : await process.kill()
    if (!done) return `Not caught up: ${behind}`
    return code === 0 ? undefined : `The last process ended with code ${code}: ${stderr.slice(0, 500)}`
  }

  /** One of the subscriptions, or any: for points that belong to one. */
  somewhere(point: FaultPoint): string | undefined {
    if (point.startsWith('lease-') || point === 'event-parked') return undefined
    return this.random.pick([mails, ...projections.map(({ name }) => name)])
  }

  /** Has all parked events tried again. */
  async retryParked(): Promise<void> {
    await this.admin.query(`update ${this.database.schema}.parked_events set request = 'retry' where status = 'parked'`)
  }

  /** From outside, as an operator. */
  async moveMails(what: 'pause' | 'resume'): Promise<void> {
    const key = { name: mails, generation: 1 }
    const store = new PgSubscriptionStore(this.db)
    const [partition] = (await store.get(key))?.partitions ?? []
    if (partition === undefined || (partition.state === 'paused') === (what === 'pause')) return
    await store.control(key, what === 'pause' ? 'paused' : 'catching-up')
  }

  countMails(): Promise<MailCounts> {
    return countMails(this.admin, this.database)
  }

  /** What stands in the database, compared with the log. */
  async judge(): Promise<MailCounts & ComparedRows & { readonly failures: readonly string[] }> {
    const registry = new Registry(shopDomains)
    const { admin, db, database } = this
    const rows = await compareWithFold({ db, admin, database, projections, lift: (event) => registry.upcast(event) })
    const sent = await this.countMails()
    return {
      ...sent,
      ...rows,
      failures: sent.events === this.writer.events ? [] : [`The log has ${sent.events} events, not ${this.writer.events}.`],
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running].map((child) => child.kill()))
    await this.#endings.end()
  }

  #start(start: (settings: ChildSettings) => Child, strike?: Strike): Child {
    const { database } = this
    const { leaseMs = 500, plant } = this.#options
    const child = start({ database, label: `process ${++this.#started}`, leaseMs, steps: 'small', strike, plant })
    this.#running.add(child)
    void child.ended.then(() => this.#running.delete(child))
    return child
  }
}
