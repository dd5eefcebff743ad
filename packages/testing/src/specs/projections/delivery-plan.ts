/** Where a process dies, or its transaction is rolled back; undefined: nothing goes wrong. */
export type Mishap = 'dies-before-commit' | 'rolled-back' | 'dies-after-commit' | undefined

/** How events reach a projection. */
export interface DeliveryPlan {
  /** For messages. */
  readonly name: string
  /** Rows that stay in memory between commits. */
  readonly cacheRows: number
  /** How many of the events that are left come in the next batch, 1... */
  batch(left: number): number
  /** How many batches are handled before a commit, 1... */
  batches(): number
  /** What happens around the next commit. */
  mishap(): Mishap
}

/** All at once: the fold of the log. */
export const inOneBatch: DeliveryPlan = {
  name: 'in one batch',
  cacheRows: 1_000,
  batch: (left) => left,
  batches: () => 1,
  mishap: () => undefined,
}

/** One by one, no row being remembered. */
export const oneByOne: DeliveryPlan = { ...inOneBatch, name: 'event by event', cacheRows: 0, batch: () => 1 }

/** Each event again after a crash before its commit, after a transaction that was rolled back, and after a crash behind its commit. */
export function eachTwice(): DeliveryPlan {
  const mishaps: readonly Mishap[] = ['dies-before-commit', 'rolled-back', 'dies-after-commit']
  let next = 0
  return { ...inOneBatch, name: 'each event twice', batch: () => 1, mishap: () => mishaps[next++ % mishaps.length] }
}

/** Any batches, any crashes; the same for the same seed. */
export function atRandom(seed: number): DeliveryPlan {
  const random = randomNumbers(seed)
  const below = (n: number): number => Math.floor(random() * n)
  const mishaps: readonly Mishap[] = ['dies-before-commit', 'rolled-back', 'dies-after-commit', undefined, undefined, undefined]
  return {
    name: `at random with seed ${seed}`,
    cacheRows: below(4),
    batch: (left) => 1 + below(Math.min(left, 8)),
    batches: () => 1 + below(3),
    mishap: () => mishaps[below(mishaps.length)],
  }
}

/** 0 <= n < 1, by a linear congruential generator: a spec that fails must fail again. */
function randomNumbers(seed: number): () => number {
  let state = BigInt.asUintN(64, BigInt(seed) * 0x9e3779b97f4a7c15n + 1n)
  return () => {
    state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n)
    return Number(state >> 33n) / 2 ** 31
  }
}
