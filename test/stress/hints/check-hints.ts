import { createCairn } from '@cairn/cairn'
import { onDatabase, shopDomains } from '../projections/shop-place.ts'
import { openAdmin } from '../support/admin.ts'
import type { CheckDatabase } from '../support/check-database.ts'
import { Endings } from '../support/endings.ts'
import { summarize, type LatencySummary } from '../support/latencies.ts'
import { Random } from '../support/random.ts'
import { openStores } from '../support/stores.ts'
import { silent, type OnStep, type Verdict } from '../support/verdict.ts'
import { cutListeners, type CutListeners } from './cut-listeners.ts'
import { probeOften, type Probes } from './probe.ts'
import { throughSmallPool, type SmallPool } from './small-pool.ts'

export interface HintsOptions {
  readonly probes: number
  readonly pollMs: number
  readonly slackMs: number
  readonly cuts: number
  readonly events: number
  readonly seed: number
  /** Readers that wake at hints alone. */
  readonly plant?: boolean | undefined
}

export interface HintsVerdict extends Verdict {
  /** From append to visible row, where no hint is ever sent. */
  readonly withoutHints: LatencySummary & { readonly late: number }
  /** While the listener's connection is ended again and again. */
  readonly listenerCut: CutListeners
  /** Five projections and a transactional handler on two connections. */
  readonly smallPool: SmallPool
  readonly seconds: number
  readonly control: {
    /** Probes that were late where readers wake at hints alone and none comes. */
    readonly late: number
  }
}

/** So many probes show that a reader sleeps. */
const controlProbes = 3
/** As good as never. */
const neverMs = 60_000

/** Takes away what wakes readers, and most of their connections. */
export async function checkHints(database: CheckDatabase, options: HintsOptions, onStep: OnStep = silent): Promise<HintsVerdict> {
  const started = performance.now()
  const { probes: count, pollMs, slackMs, cuts, events, seed, plant = false } = options
  const limitMs = pollMs + slackMs
  const endings = new Endings()
  try {
    const admin = endings.add(await openAdmin(database.url), (client) => client.end())
    const stores = endings.add(await openStores(database, 1, { hints: false }), (opened) => opened.close())
    const silentProbes: Probes = { store: stores.at(0), admin, database, random: new Random(seed) }

    onStep('no hint is ever sent')
    const timed = async (readerPollMs: number, n: number, withinMs: number): Promise<readonly (number | undefined)[]> => {
      const app = await createCairn({ domains: shopDomains, ...onDatabase(database), background: { pollMs: readerPollMs } })
      try {
        await app.waitFor((await app.events.readAll()).next, 'order-summary', { timeoutMs: neverMs })
        return await probeOften(silentProbes, n, pollMs, withinMs)
      } finally {
        await app.stop()
      }
    }
    const took = await timed(plant ? neverMs : pollMs, count, 2 * limitMs)
    const inTime = took.filter((ms) => ms !== undefined)
    const withoutHints = { ...summarize(inTime), late: took.length - inTime.filter((ms) => ms <= limitMs).length }

    const listenerCut = await cutListeners({ admin, database, random: new Random(seed), cuts, slackMs, onStep })
    const smallPool = await throughSmallPool(admin, database, events, seed, onStep)

    onStep('control: readers that wake at hints alone')
    const asleep = await timed(neverMs, controlProbes, limitMs)
    const control = { late: asleep.filter((ms) => ms === undefined || ms > limitMs).length }
    return {
      ok:
        withoutHints.late + listenerCut.late === 0 &&
        listenerCut.cuts === cuts &&
        listenerCut.heardAgain &&
        smallPool.done &&
        smallPool.lost + smallPool.doubled === 0 &&
        control.late > 0,
      withoutHints,
      listenerCut,
      smallPool,
      seconds: Math.round((performance.now() - started) / 100) / 10,
      control,
    }
  } finally {
    await endings.end()
  }
}
