import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createCairn, type Cairn } from '@cairn/cairn'
import type { EventStorePort } from '@cairn/core'
import type { Client } from 'pg'
import { start, type ChildEnd } from '../projections/child-process.ts'
import { compareWithFold } from '../projections/compare-rows.ts'
import { onDatabase } from '../projections/shop-place.ts'
import { eventOf } from '../projections/shop-writer.ts'
import { only, openAdmin } from '../support/admin.ts'
import type { CheckDatabase } from '../support/check-database.ts'
import { Endings } from '../support/endings.ts'
import { openStores } from '../support/stores.ts'
import type { OnStep } from '../support/verdict.ts'
import { ledgerDomain, poisonNote, type LedgerCode } from './ledger.ts'

export interface Poisoned {
  readonly rows: number
  /** Ledgers beside the poisoned one whose rows had not all their entries. */
  readonly othersBehind: number
  /** Entries of the poisoned ledger that were handled behind the poison. */
  readonly poisonedWentOn: number
  /** As the status of the projection says. */
  readonly parked: number
  readonly waiting: number
  /** Partitions of the strict projection that stopped, for too many wait. */
  readonly strictStopped: number
  /** Of `rebuild-projections --status`, and of a rebuild while the code is broken. */
  readonly statusExitCode: number | null
  readonly rebuildExitCode: number | null
  /** The rebuild says which event it stopped at. */
  readonly rebuildNamesIt: boolean
  /** With fixed code, everything that was parked or waited was handled. */
  readonly healed: boolean
  /** Tables that are not the fold of the log, healed and then rebuilt. */
  readonly mismatches: number
  readonly mismatchesRebuilt: number
  /** Of a rebuild with fixed code, and of the status behind it. */
  readonly healedExitCodes: readonly (number | null)[]
}

interface PoisonParts {
  readonly streams: number
  readonly entries: number
  readonly blockKey: boolean
  /** How long fixed code may take, milliseconds. @default 60_000 */
  readonly healMs?: number | undefined
}

const tenantId = 'acme'
const poisonedId = 'l-1'
const withinMs = 60_000
const fileOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

export async function poisonAndHeal(database: CheckDatabase, parts: PoisonParts, onStep: OnStep): Promise<Poisoned> {
  const { streams, entries, blockKey, healMs = withinMs } = parts
  const endings = new Endings()
  try {
    const admin = endings.add(await openAdmin(database.url), (client) => client.end())
    const stores = endings.add(await openStores(database, 1), (opened) => opened.close())
    const [first] = stores.all
    if (first === undefined) throw new RangeError('No store is open.')
    const broken: LedgerCode = { fixed: false, blockKey }
    const fixed: LedgerCode = { fixed: true, blockKey }

    onStep('poisoning one of many')
    const poisoned = await write(first.store, streams, entries)
    const running = await startApp(database, broken)
    await settle(admin, database, poisoned.last)
    const status = await running.subscriptions.status('ledger-tail')
    const strict = await running.subscriptions.status('ledger-strict')
    const seen = await look(admin, database, entries)
    const stated = await command({ database, code: broken }, '--status')
    onStep('a rebuild with broken code')
    const stopped = await command({ database, code: broken }, 'ledger-tail')
    await running.stop()

    onStep('fixed code')
    const healing = endings.add(await startApp(database, fixed), (app) => app.stop())
    for (const name of ['ledger-tail', 'ledger-strict']) await healing.subscriptions.retryParked(name)
    // Only now: the other way round it may stop once more before it is told to try again.
    await healing.subscriptions.resume('ledger-strict')
    const healed = await isHealed(admin, database, poisoned.last, healMs)
    const compare = () =>
      compareWithFold({ db: first.db, admin, database, projections: ledgerDomain(fixed).projections, lift: (event) => event })
    const { rows, mismatches } = await compare()
    onStep('a rebuild with fixed code')
    const rebuilt = await command({ database, code: fixed }, '--all')
    const restated = await command({ database, code: fixed }, '--status')
    return {
      rows,
      ...seen,
      parked: status.partitions.reduce((sum, { parked }) => sum + parked, 0),
      waiting: status.partitions.reduce((sum, { waiting }) => sum + waiting, 0),
      strictStopped: strict.partitions.filter(({ state }) => state === 'failed').length,
      statusExitCode: stated.code,
      rebuildExitCode: stopped.code,
      rebuildNamesIt: stopped.stdout.includes(poisoned.id) && stopped.stdout.includes(`position ${poisoned.position}`),
      healed,
      mismatches,
      mismatchesRebuilt: (await compare()).mismatches,
      healedExitCodes: [rebuilt.code, restated.code],
    }
  } finally {
    await endings.end()
  }
}

/** Round after round, an entry into each ledger; the poison is the middle one of its ledger. */
async function write(
  store: EventStorePort,
  streams: number,
  entries: number,
): Promise<{ readonly id: string; readonly position: number; readonly last: number }> {
  let poisoned = { id: '', position: 0 }
  let last = 0
  for (let entry = 0; entry <= 2 * entries; entry++) {
    const appends = Array.from({ length: streams }, async (_, i) => {
      const aggregateId = `l-${i}`
      const isPoison = entry === entries && aggregateId === poisonedId
      const event = eventOf('ledger.entered', { note: isPoison ? poisonNote : `entry ${entry}` })
      const { position } = await store.append({
        stream: { tenantId, aggregateType: 'ledger', aggregateId },
        expected: 'any',
        events: [event],
      })
      if (isPoison) poisoned = { id: event.id, position }
      last = Math.max(last, position)
    })
    await Promise.all(appends)
  }
  return { ...poisoned, last }
}

function startApp(database: CheckDatabase, code: LedgerCode): Promise<Cairn> {
  return createCairn({
    domains: [ledgerDomain(code)],
    ...onDatabase(database),
    background: { pollMs: 50, pageSize: 50, catchUpPageSize: 50, batchSize: 20 },
  })
}

/** Until every partition has come to the end of the log, or stopped. */
function settle(admin: Client, { schema }: CheckDatabase, position: number): Promise<boolean> {
  return eventually(admin, `select from ${schema}.subscription_partitions where state <> 'failed' and checkpoint < ${position}`)
}

/** What is live, that is: a build that stopped stays where it is until the next one. */
function isHealed(admin: Client, { schema }: CheckDatabase, position: number, healMs: number): Promise<boolean> {
  return eventually(
    admin,
    `select from ${schema}.subscription_partitions where generation = 1 and checkpoint < ${position} union all select from ${schema}.parked_events`,
    healMs,
  )
}

/** Until a query finds nothing; false when it still does in the end. */
async function eventually(admin: Client, query: string, ms = withinMs): Promise<boolean> {
  for (const end = performance.now() + ms; performance.now() < end; await sleep(50)) {
    const { rows } = await admin.query(query)
    if (rows.length === 0) return true
  }
  return false
}

async function look(
  admin: Client,
  { schema }: CheckDatabase,
  entries: number,
): Promise<{ readonly othersBehind: number; readonly poisonedWentOn: number }> {
  const { behind, before } = await only<{ behind: string; before: number }>(
    admin,
    `select count(*) filter (where id <> $1 and entries <= $2) as behind, coalesce(max(entries) filter (where id = $1), 0) as before
       from ${schema}.ledger_tail`,
    [poisonedId, 2 * entries],
  )
  return { othersBehind: Number(behind), poisonedWentOn: before - entries }
}

function command(settings: { readonly database: CheckDatabase; readonly code: LedgerCode }, ...args: readonly string[]): Promise<ChildEnd> {
  const program = fileOf('../../../packages/projections/src/cli/main.ts')
  return start([program, ...args, '--json', '--config', fileOf('cairn.config.ts')], settings, 'rebuild-projections').ended
}
