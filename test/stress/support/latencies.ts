export interface LatencySummary {
  readonly count: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

export function summarize(latenciesMs: readonly number[]): LatencySummary {
  const sorted = latenciesMs.toSorted((a, b) => a - b)
  return { count: sorted.length, p50Ms: at(sorted, 0.5), p99Ms: at(sorted, 0.99), maxMs: at(sorted, 1) }
}

function at(sorted: readonly number[], share: number): number {
  const value = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0
  return Math.round(value * 100) / 100
}

/** How many of the normal p99s the p99 became. */
export function ratioOf(measured: LatencySummary, normal: LatencySummary): number {
  return Math.round((measured.p99Ms / normal.p99Ms) * 100) / 100
}
