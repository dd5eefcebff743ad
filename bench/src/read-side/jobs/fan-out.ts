import { setTimeout as delay } from 'node:timers/promises'
import type { Client } from 'pg'
import { basketTotals } from '../basket-totals.ts'
import type { FannedOut, Job } from '../job.ts'
import { openLoop } from '../open-loop.ts'
import { openReadingApp } from '../reading-app.ts'
import { withClient } from '../with-client.ts'

/** A session tells what it did when it has been idle for so long, or at the end of its next statement after that. */
const statisticsMs = 1_500

/** Several projections in one process at the head of the log, while it grows: how often is it read? */
export async function fanOut({ url, schema, projections, rate, seconds }: Extract<Job, { kind: 'fan-out' }>): Promise<FannedOut> {
  const names = Array.from({ length: projections }, (_, n) => `basket-total-${n}`)
  const app = await openReadingApp(url, schema, names.map(basketTotals))
  return withClient(url, async (client) => {
    await app.caughtUp(await app.append('first', 0))
    await delay(statisticsMs)
    const before = await counts(client, schema)
    const began = performance.now()
    let newest = 0
    await openLoop(rate, seconds, async (n) => {
      newest = Math.max(newest, await app.append(`fan-${n}`, n))
    })
    await app.caughtUp(newest)
    const took = (performance.now() - began) / 1000
    await app.stop()
    await delay(statisticsMs)
    const after = await counts(client, schema)
    for (const name of names) {
      const table = `${schema}.${name.replaceAll('-', '_')}`
      const { rows } = await client.query<{ n: number }>(`select count(*)::int as n from ${table}`)
      if (rows[0]?.n !== Math.round(rate * seconds) + 1) throw new Error(`${name} has ${rows[0]?.n} rows.`)
    }
    return { events: Math.round(rate * seconds), calls: after.calls - before.calls, rows: after.rows - before.rows, seconds: took }
  })
}

/** pg_stat_statements counts one row for a whole page, so the rows of the log are those that its table's scans returned. */
async function counts(client: Client, schema: string): Promise<{ readonly calls: number; readonly rows: number }> {
  const { rows } = await client.query<{ calls: number; fetched: number }>(
    `select coalesce((select sum(calls) from pg_stat_statements
               where toplevel and query ~ 'read_log_page' and dbid = (select oid from pg_database where datname = current_database())), 0)::float8 as calls,
            (select seq_tup_read + coalesce(idx_tup_fetch, 0) from pg_stat_user_tables where relid = $1::regclass)::float8 as fetched`,
    [`${schema}.events`],
  )
  const [row] = rows
  if (row === undefined) throw new Error('Nothing was counted.')
  return { calls: row.calls, rows: row.fetched }
}
