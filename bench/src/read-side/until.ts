import { setTimeout as sleep } from 'node:timers/promises'

/** Looks every few milliseconds. @throws after a minute */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('It was not done within a minute.')
    await sleep(5)
  }
}
