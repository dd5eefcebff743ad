import type { FaultHook, Lease, Progress, SubscriptionTransaction } from '@cairn/core'
import { PgSubscriptionStore } from '@cairn/infra/pg'
import { Client } from 'pg'
import type { ChildSettings } from './child-settings.ts'

/**
 * Faults for controls. checkpoint-first: the checkpoint moves in a transaction before that of the effects. effects-first: the other
 * way round. no-fence: a commit takes whatever fence and checkpoint stand, as if nobody checked them.
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
export async function plantFault({ plant, database }: ChildSettings, faults: FaultHook): Promise<void> {
  if (plant === undefined) return
  // The method as it is, called with its own store.
  const commit: Commit = PgSubscriptionStore.prototype.commit
  const broken = plant === 'no-fence' ? await withoutFence(commit, database) : inTwo(commit, plant, faults)
  Object.defineProperty(PgSubscriptionStore.prototype, 'commit', { value: broken })
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

async function withoutFence(commit: Commit, { url, schema }: ChildSettings['database']): Promise<Commit> {
  const client = new Client({ connectionString: url })
  await client.connect()
  return async function (lease, progress, effects) {
    const { key, partition } = lease
    const { rows } = await client.query<{ fence: string; checkpoint: string }>(
      `select fence, checkpoint from ${schema}.subscription_partitions where name = $1 and generation = $2 and partition = $3`,
      [key.name, key.generation, partition],
    )
    const fence = Number(rows[0]?.fence)
    const checkpoint = progress.checkpoint === undefined ? undefined : Math.max(progress.checkpoint, Number(rows[0]?.checkpoint))
    return commit.call(this, { ...lease, fence }, { ...progress, checkpoint }, effects)
  }
}
