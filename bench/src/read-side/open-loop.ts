import { setTimeout as delay } from 'node:timers/promises'

/** Milliseconds of the machine's monotonic clock: the same in every process. */
export const machineMs = (): number => Number(process.hrtime.bigint()) / 1e6

/** Starts `work` at its times, whether or not what was started before is done; resolves when all of it is. */
export async function openLoop(rate: number, seconds: number, work: (n: number, scheduledMs: number) => Promise<void>): Promise<void> {
  const begin = machineMs() + 20
  const count = Math.round(rate * seconds)
  const running: Promise<void>[] = []
  for (let n = 0; n < count;) {
    const now = machineMs()
    for (; n < count && begin + (n * 1000) / rate <= now; n++) running.push(work(n, begin + (n * 1000) / rate))
    await delay(1)
  }
  await Promise.all(running)
}
