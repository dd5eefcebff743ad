import { setTimeout as delay } from 'node:timers/promises'
import { mayHeal } from './failure-kinds.ts'
import type { GenerationBuild } from './generation-build.ts'
import { RebuildCancelled } from './rebuild-cancelled.ts'
import type { Run } from './run.ts'

/** Tries without any progress between them. */
const mostTries = 8
const firstWaitMs = 200
const longestWaitMs = 5_000

/**
 * Does the work with the builds' partitions held. When the database goes away or a lease is lost, waits, takes the
 * partitions again and begins from what was committed.
 */
export async function withReopening<T>(run: Run, builds: () => readonly GenerationBuild[], work: () => Promise<T>): Promise<T> {
  let reached = -1
  for (let tries = 1; ; tries++) {
    try {
      for (const build of builds()) await build.open()
      return await work()
    } catch (error) {
      const position = builds().reduce((sum, build) => sum + build.position, 0)
      if (position > reached) tries = 1
      reached = Math.max(reached, position)
      if (!mayHeal(error) || tries >= mostTries) throw error
      if (run.options.signal.aborted) throw new RebuildCancelled()
      const waitMs = Math.min(longestWaitMs, firstWaitMs * 2 ** (tries - 1))
      run.host.logger.warn('The rebuild lost the database or its lease, and tries again.', { component: 'rebuild', error, waitMs, tries })
      await delay(waitMs, undefined, { signal: run.options.signal }).catch(() => undefined)
      for (const build of builds()) await build.close().catch(() => undefined)
    }
  }
}
