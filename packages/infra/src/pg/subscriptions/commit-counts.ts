import type { Lease, SubscriptionKey, SubscriptionKind } from '@cairn/core'

/** What this process knows of a partition that it may write. */
export interface Tally {
  readonly fence: number
  readonly kind: SubscriptionKind
  /** How long a session that is paused inside a commit keeps its locks: the lease's time, milliseconds. */
  idleMs: number
  /** Commits of the partition so far. The next one carries this number, and only one commit can take effect with it. */
  commits: number
}

/** Tallies of the partitions that were taken here. */
export class CommitCounts {
  readonly #tallies = new Map<string, Tally>()

  set(key: SubscriptionKey, partition: number, tally: Tally): Tally {
    this.#tallies.set(idOf(key, partition), tally)
    return tally
  }

  /** Undefined where the lease is not known here: taken elsewhere, or lost. */
  of({ key, partition, fence }: Lease): Tally | undefined {
    const tally = this.#tallies.get(idOf(key, partition))
    return tally?.fence === fence ? tally : undefined
  }

  renew(lease: Lease, leaseMs: number): void {
    const tally = this.of(lease)
    if (tally !== undefined) tally.idleMs = leaseMs
  }

  forget(lease: Lease): void {
    if (this.of(lease) !== undefined) this.#tallies.delete(idOf(lease.key, lease.partition))
  }
}

function idOf({ name, generation }: SubscriptionKey, partition: number): string {
  return `${name}/${generation}/${partition}`
}
