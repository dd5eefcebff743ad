export interface ShareMember {
  readonly id: string
  /** What it can run. */
  readonly runs: ReadonlySet<string>
}

export interface SharePartition {
  readonly id: string
  /** The subscription, in the same spelling as in `ShareMember.runs`. */
  readonly subscription: string
  readonly owner: string | undefined
}

export interface Share {
  /** Free partitions that are this member's to take. */
  readonly take: readonly string[]
  /** Partitions that it should give back, because another has too few. */
  readonly release: readonly string[]
}

/**
 * Who runs what, decided by each member alone on the same facts: the partitions that the same members could run are shared out
 * evenly among them; where they do not divide, those that hold more keep one more. So nothing moves without need, and the
 * quotas add up to the partitions.
 */
export function sharePartitions(me: string, members: readonly ShareMember[], partitions: readonly SharePartition[]): Share {
  const take: string[] = []
  const release: string[] = []
  for (const group of groupByMembers(me, members, partitions)) {
    const mine = group.partitions.filter(({ owner }) => owner === me)
    const quota = quotaOf(me, group)
    if (mine.length > quota) {
      release.push(...spread(mine, mine).slice(quota).map(idOf))
    } else if (mine.length < quota) {
      const free = group.partitions.filter(({ owner }) => owner === undefined)
      take.push(
        ...spread(free, mine)
          .slice(0, quota - mine.length)
          .map(idOf),
      )
    }
  }
  return { take, release }
}

interface Group {
  readonly members: readonly string[]
  readonly partitions: SharePartition[]
}

/** The partitions that `me` could run, by the set of members that could. */
function groupByMembers(me: string, members: readonly ShareMember[], partitions: readonly SharePartition[]): Iterable<Group> {
  const groups = new Map<string, Group>()
  const ableBySubscription = new Map<string, readonly string[]>()
  for (const partition of partitions) {
    const { subscription } = partition
    let able = ableBySubscription.get(subscription)
    if (able === undefined) {
      able = members
        .filter(({ runs }) => runs.has(subscription))
        .map(idOf)
        .toSorted()
      ableBySubscription.set(subscription, able)
    }
    if (!able.includes(me)) continue
    const name = able.join(' ')
    const group = groups.get(name)
    if (group === undefined) groups.set(name, { members: able, partitions: [partition] })
    else group.partitions.push(partition)
  }
  return groups.values()
}

function quotaOf(me: string, { members, partitions }: Group): number {
  const held = new Map<string, number>(members.map((id) => [id, 0]))
  for (const { owner } of partitions) {
    if (owner !== undefined && held.has(owner)) held.set(owner, (held.get(owner) ?? 0) + 1)
  }
  const byHeld = members.toSorted((a, b) => (held.get(b) ?? 0) - (held.get(a) ?? 0) || (a < b ? -1 : 1))
  const extra = byHeld.indexOf(me) < partitions.length % members.length ? 1 : 0
  return Math.floor(partitions.length / members.length) + extra
}

/** In the order of taking: one of each subscription, then a second of each, those last that `held` has many of. */
function spread(partitions: readonly SharePartition[], held: readonly SharePartition[]): readonly SharePartition[] {
  const counts = new Map<string, number>()
  if (held !== partitions) for (const { subscription } of held) counts.set(subscription, (counts.get(subscription) ?? 0) + 1)
  const ranked = partitions.map((partition) => {
    const rank = counts.get(partition.subscription) ?? 0
    counts.set(partition.subscription, rank + 1)
    return { partition, rank }
  })
  return ranked.toSorted((a, b) => a.rank - b.rank).map(({ partition }) => partition)
}

function idOf({ id }: { readonly id: string }): string {
  return id
}
