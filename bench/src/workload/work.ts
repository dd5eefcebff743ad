/** What is repeated while the clock runs. */
export interface Work {
  /** How many loops run at once: the concurrent callers. */
  readonly loops: number
  /** One step of one loop; resolves with the operations it completed (a caller's append is 1, the floor's statement 200). */
  step(loop: number): Promise<number>
}

export interface Timed {
  readonly operations: number
  readonly seconds: number
  /** Callers that saw an error; 0 in every valid measurement. */
  readonly failed: number
  readonly firstError: string | undefined
}

/** Runs all loops until the time is over and every step that began has ended. */
export async function runFor(work: Work, seconds: number): Promise<Timed> {
  let operations = 0
  let failed = 0
  let firstError: string | undefined
  const begin = performance.now()
  const end = begin + seconds * 1000
  await Promise.all(
    Array.from({ length: work.loops }, async (_, loop) => {
      while (performance.now() < end) {
        try {
          // Not `operations += await …`: that adds to the value from before the wait.
          const completed = await work.step(loop)
          operations += completed
        } catch (error) {
          failed++
          firstError ??= error instanceof Error ? error.message : String(error)
          // A system that only fails must not spin until the end of the round.
          if (failed > 1000) return
        }
      }
    }),
  )
  return { operations, seconds: (performance.now() - begin) / 1000, failed, firstError }
}
