const longestMs = 1_000

/**
 * How long to wait for a held stream in one go. Then the connection is given back, and taken again when its turn comes: else a few
 * held streams would keep all of them from appends to streams that are free.
 */
export function turnMs(leftMs: number): number {
  return Math.max(1, Math.ceil(Math.min(leftMs, longestMs)))
}
