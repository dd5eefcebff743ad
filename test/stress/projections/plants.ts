import type { FaultHook, Lease, Progress, SubscriptionTransaction } from '@cairn/core'
import { PgSubscriptionStore } from '@cairn/infra/pg'
import type { Client } from 'pg'
import { only } from '../support/admin.ts'
import type { CheckDatabase } from '../support/check-database.ts'
import { queryOnce } from '../../support/query-once.ts'
import type { ChildSettings } from './child-settings.ts'

/**
 * Faults for controls. checkpoint-first: the checkpoint moves in a transaction before that of the effects. effects-first: the other
 * way round. no-fence: a commit checks neither fence nor number nor checkpoint, and a process believes that it has every lease still.
 */
export const plants = ['checkpoint-first', 'effects-first', 'no-fence'] as const
export type Plant = (typeof plants)[number]

type Commit = (
  this: PgSubscriptionStore,
  lease: Lease,
  progress: Progress,
  effects?: (tx: SubscriptionTransaction) => Promise<void>,
) => Promise<void>

/** Breaks the commits of this process, for good. Between two transactions that should be one it comes by 'committed'. */
export function plantFault({ plant, database }: ChildSettings, faults: FaultHook): void {
  if (plant === undefined) return
  // The method as it is, called with its own store.
  const commit: Commit = PgSubscriptionStore.prototype.commit
  const broken = plant === 'no-fence' ? withoutFence(commit, database) : inTwo(commit, plant, faults)
  Object.defineProperty(PgSubscriptionStore.prototype, 'commit', { value: broken })
  if (plant === 'no-fence') believeHeld()
}

function inTwo(commit: Commit, plant: 'checkpoint-first' | 'effects-first', faults: FaultHook): Commit {
  return async function (lease, progress, effects) {
    if (effects === undefined) return commit.call(this, lease, progress)
    const between = async (): Promise<void> => faults('committed', { ...lease.key, partition: lease.partition })
    if (plant === 'checkpoint-first') {
      await commit.call(this, lease, progress)
      await between()
    }
    await commit.call(this, lease, {}, effects)
    if (plant === 'effects-first') {
      await between()
      await commit.call(this, lease, progress)
    }
  }
}

function believeHeld(): void {
  const heartbeat: PgSubscriptionStore['heartbeat'] = PgSubscriptionStore.prototype.heartbeat
  const believing = async function (this: PgSubscriptionStore, ...args: Parameters<typeof heartbeat>): ReturnType<typeof heartbeat> {
    return { ...(await heartbeat.apply(this, args)), renewed: args[1] }
  }
  Object.defineProperty(PgSubscriptionStore.prototype, 'heartbeat', { value: believing })
}

function withoutFence(commit: Commit, { url, schema }: ChildSettings['database']): Commit {
  return async function (lease, progress, effects) {
    const { key, partition } = lease
    const [row] = await queryOnce<{ fence: string }>(
      url,
      `select fence from ${schema}.subscription_partitions where name = $1 and generation = $2 and partition = $3`,
      [key.name, key.generation, partition],
    )
    return commit.call(this, { ...lease, fence: Number(row?.fence) }, progress, effects)
  }
}

/** What the checkpoint's UPDATE asks, in the database's function: none of it any more. */
const checks = 'and p.fence = p_fence and p.commits = p_commits and coalesce(p_checkpoint >= p.checkpoint, true);'

/** The part of a fault that is planted in the database, once for all processes. */
export async function plantInDatabase(admin: Client, { schema }: CheckDatabase, plant: Plant | undefined): Promise<void> {
  if (plant !== 'no-fence') return
  const { text } = await only<{ text: string }>(
    admin,
    `select pg_get_functiondef(oid) as text from pg_proc where proname = 'subscription_commit' and pronamespace = $1::regnamespace`,
    [schema],
  )
  if (!text.includes(checks)) throw new Error('subscription_commit does not check what this fault leaves out; adapt the fault.')
  await admin.query(
    text
      .replace(checks, ';')
      .replace('set checkpoint = coalesce(p_checkpoint, p.checkpoint)', 'set checkpoint = greatest(p_checkpoint, p.checkpoint)'),
  )
}
