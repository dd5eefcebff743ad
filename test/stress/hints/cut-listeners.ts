import { setTimeout as sleep } from 'node:timers/promises'
import { createCairn } from '@cairn/cairn'
import type { Client } from 'pg'
import { onDatabase, shopDomains } from '../projections/shop-place.ts'
import type { CheckDatabase } from '../support/check-database.ts'
import { summarize, type LatencySummary } from '../support/latencies.ts'
import type { Random } from '../support/random.ts'
import { openStores } from '../support/stores.ts'
import type { OnStep } from '../support/verdict.ts'
import { probe, type Probes } from './probe.ts'

export interface CutListeners extends LatencySummary {
  readonly cuts: number
  /** Probes that took longer than the poll interval and the slack. */
  readonly late: number
  /** After the last cut a hint still wakes the reader, long before it would have polled. */
  readonly heardAgain: boolean
}

interface Parts {
  readonly admin: Client
  readonly database: CheckDatabase
  readonly random: Random
  readonly cuts: number
  readonly slackMs: number
  readonly onStep: OnStep
}

/** Long, so that a hint that is heard can be told from a poll. */
const pollMs = 10_000

/** Ends the connection on which hints are heard, again and again, while another process appends. */
export async function cutListeners({ admin, database, random, cuts, slackMs, onStep }: Parts): Promise<CutListeners> {
  const stores = await openStores(database, 1)
  const app = await createCairn({ domains: shopDomains, ...onDatabase(database), background: { pollMs } })
  const probes: Probes = { store: stores.at(0), admin, database, random }
  const took: (number | undefined)[] = []
  let done = 0
  try {
    await app.waitFor((await app.events.readAll()).next, 'order-summary', { timeoutMs: 60_000 })
    while (done < cuts) {
      onStep(`listener cut ${done + 1} of ${cuts}`)
      if (await cut(admin)) done++
      else throw new Error('The reader did not listen again within ten seconds.')
      took.push(await probe(probes, 2 * (pollMs + slackMs)))
    }
    await listener(admin)
    const heard: number[] = []
    for (let i = 0; i < 3; i++) heard.push((await probe(probes, pollMs)) ?? pollMs)
    const inTime = took.filter((ms) => ms !== undefined)
    return {
      cuts: done,
      ...summarize(inTime),
      late: took.length - inTime.filter((ms) => ms <= pollMs + slackMs).length,
      heardAgain: Math.min(...heard) < pollMs / 3,
    }
  } finally {
    await app.stop()
    await stores.close()
  }
}

/** False when nobody listens for ten seconds. */
async function cut(admin: Client): Promise<boolean> {
  const pid = await listener(admin)
  if (pid === undefined) return false
  await admin.query('select pg_terminate_backend($1)', [pid])
  return true
}

/** The session that hears hints, once there is one. */
async function listener(admin: Client): Promise<number | undefined> {
  for (let tries = 0; tries < 200; tries++) {
    const { rows } = await admin.query<{ pid: number }>(
      `select pid from pg_stat_activity where datname = current_database() and application_name = 'cairn hints' and query ilike 'listen%'`,
    )
    if (rows[0] !== undefined) return rows[0].pid
    await sleep(50)
  }
  return undefined
}
