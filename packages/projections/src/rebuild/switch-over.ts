import { setTimeout as delay } from 'node:timers/promises'
import { isCairnError } from '@cairn/core'
import type { GenerationBuild } from './generation-build.ts'
import { RebuildCancelled } from './rebuild-cancelled.ts'
import type { Run } from './run.ts'
import { runPass } from './run-pass.ts'

const feedEveryMs = 5

/** Feeds the build what was written meanwhile. */
export async function catchUp(run: Run, build: GenerationBuild, upTo?: number): Promise<void> {
  await runPass(run, [build], (_, error) => Promise.reject(error), upTo)
}

/**
 * Catches up and switches, again and again until a try finds the build at the live one's checkpoint: that one moves on at
 * the same time. The build is fed while a try is under way, because the store holds the live one there and waits for it.
 */
export async function switchOver(run: Run, build: GenerationBuild): Promise<void> {
  const { host, options } = run
  await untilCaughtUp(
    run,
    () => catchUp(run, build),
    () =>
      whileFeeding(
        () => catchUp(run, build),
        () => host.store.switchTo(build.generation, { recreateDependents: options.recreateDependents }),
      ),
  )
}

/** Feeds, again and again, until `act` has ended. */
export async function whileFeeding<T>(feed: () => Promise<void>, act: () => Promise<T>): Promise<T> {
  const ended = new AbortController()
  const [acted, fed] = await Promise.allSettled([act().finally(() => ended.abort()), feedUntil(feed, ended.signal)])
  // What is visible is visible, whatever became of the last feeding.
  if (acted.status === 'fulfilled') return acted.value
  throw fed.status === 'rejected' ? fed.reason : acted.reason
}

async function feedUntil(feed: () => Promise<void>, ended: AbortSignal): Promise<void> {
  while (!ended.aborted) {
    await feed()
    await delay(feedEveryMs, undefined, { signal: ended }).catch(() => undefined)
  }
}

/** `act` may refuse with NotCaughtUpError; then `approach` is called again. */
export async function untilCaughtUp<T>({ options }: Run, approach: () => Promise<void>, act: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    await approach()
    try {
      return await act()
    } catch (error) {
      if (!isCairnError(error, 'CAIRN_NOT_CAUGHT_UP') || tries >= options.tuning.switchTries) throw error
      if (options.signal.aborted) throw new RebuildCancelled()
    }
  }
}
