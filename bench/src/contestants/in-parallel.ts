/** Runs `task` for 0..count-1, so many at once. */
export async function inParallel(count: number, atOnce: number, task: (n: number) => Promise<unknown>): Promise<void> {
  let next = 0
  await Promise.all(
    Array.from({ length: Math.min(count, atOnce) }, async () => {
      while (next < count) await task(next++)
    }),
  )
}
