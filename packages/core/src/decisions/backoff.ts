/** Waits before the attempt with this number (2 for the first repetition). */
export type Backoff = (attempt: number) => Promise<void>

/** The longest pause, in milliseconds. */
const longest = 100

/**
 * The first repetition goes at once: it is the common case, and the other writer is done. Then pauses of random length,
 * from a range that doubles up to 100 ms, so that writers that met once do not meet again in step.
 */
export const jitteredBackoff: Backoff = (attempt) => {
  if (attempt <= 2) return Promise.resolve()
  const range = Math.min(longest, 2 ** (attempt - 1))
  const { promise, resolve } = Promise.withResolvers<void>()
  setTimeout(resolve, Math.random() * range)
  return promise
}
