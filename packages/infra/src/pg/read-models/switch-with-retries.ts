import { SwitchBlockedError, type SwitchOptions } from '@cairn/core'
import { setTimeout as sleep } from 'node:timers/promises'
import { sqlStateOf } from '../connection/sql-state.ts'
import type { OwnerSession } from './owner-session.ts'

const defaultLockTimeoutMs = 2_000
const defaultAttempts = 20
const firstLockTimeoutMs = 20
const longestPauseMs = 500

/**
 * Runs a transaction that needs locks on views, until it gets them. Whoever comes behind a waiting lock waits too, so the
 * first tries wait for a moment only; later ones longer, for readers that overlap and would never let us in.
 * @throws SwitchBlockedError naming who is in the way
 */
export async function withViewLocks<T>(
  session: OwnerSession,
  projection: string,
  views: readonly string[],
  options: SwitchOptions,
  work: () => Promise<T>,
): Promise<T> {
  const longest = options.lockTimeoutMs ?? defaultLockTimeoutMs
  const attempts = options.attempts ?? defaultAttempts
  for (let attempt = 1; ; attempt++) {
    const wait = Math.min(longest, firstLockTimeoutMs * 2 ** (attempt - 1))
    try {
      return await session.transaction(async () => {
        await session.query(`set local lock_timeout = '${wait}ms'`)
        return work()
      })
    } catch (error) {
      if (!mayGoThrough(error)) throw error
      if (attempt >= attempts) throw new SwitchBlockedError(projection, attempts, await blockers(session, views), error)
    }
    await sleep(Math.min(longestPauseMs, wait) * (0.5 + Math.random() / 2))
  }
}

/** A lock that did not come in time, a deadlock, and two that change one row of the catalog, which PostgreSQL does not wait for. */
function mayGoThrough(error: unknown): boolean {
  const state = sqlStateOf(error)
  return state === '55P03' || state === '40P01' || (state === 'XX000' && String(error).includes('tuple concurrently updated'))
}

async function blockers(session: OwnerSession, views: readonly string[]): Promise<readonly string[]> {
  const rows = await session.query<{ who: string }>(
    `select distinct 'pid ' || l.pid || coalesce(' (' || concat_ws(', ', a.usename, nullif(a.application_name, '')) || ')', '') as who
       from pg_locks l join pg_class c on c.oid = l.relation left join pg_stat_activity a on a.pid = l.pid
      where l.locktype = 'relation' and l.granted and l.pid <> pg_backend_pid()
        and l.database = (select oid from pg_database where datname = current_database())
        and c.relnamespace = $1::regnamespace and c.relname = any ($2)
      order by who limit 10`,
    [session.schema, views],
  )
  return rows.map(({ who }) => who)
}
