import { UnreadDetails, type LogReadPage } from '@cairn/core'
import type { GenerationBuild } from './generation-build.ts'
import { LogPages } from './log-pages.ts'
import { RebuildCancelled } from './rebuild-cancelled.ts'
import type { Run } from './run.ts'

/** Called when one of several builds cannot go on; the others do. */
export type BuildFailed = (build: GenerationBuild, error: unknown) => Promise<void>

/**
 * Reads the log once and feeds all builds, each from where it stands, until they have seen its end; then everything is
 * written. Builds that are further on join when the pass gets there.
 * @returns the builds that are still whole
 * @throws RebuildCancelled when the signal came; everything handled until then is written
 */
export async function runPass(
  run: Run,
  builds: readonly GenerationBuild[],
  failed: BuildFailed,
  upTo?: number,
): Promise<readonly GenerationBuild[]> {
  let whole = builds
  const starts = [...new Set(builds.map((build) => build.position))].toSorted((a, b) => a - b)
  for (const [i, start] of starts.entries()) {
    const joined = whole.filter((build) => build.position <= start)
    const stretch = await runStretch(run, whole, joined, failed, start, starts[i + 1] ?? upTo)
    whole = stretch.whole
    // From where they are now, which is behind what was begun without metadata and times.
    if (stretch.again) return runPass(run, whole, failed, upTo)
  }
  return whole
}

interface Stretch {
  readonly whole: readonly GenerationBuild[]
  /** True when it was given up: some handler looked at what was not read. */
  readonly again: boolean
}

async function runStretch(
  run: Run,
  all: readonly GenerationBuild[],
  joined: readonly GenerationBuild[],
  failed: BuildFailed,
  after: number,
  upTo: number | undefined,
): Promise<Stretch> {
  const { host, options, throttle } = run
  const { pageSize, throttledPageSize } = options.tuning
  const lost = new Set<GenerationBuild>()
  const active = (): readonly GenerationBuild[] => joined.filter((build) => !lost.has(build))
  const unread = joined.some((build) => build.wantsDetails) ? undefined : new UnreadDetails()
  const attempt = async (build: GenerationBuild, work: () => Promise<void>): Promise<void> => {
    try {
      await work()
    } catch (error) {
      if (unread?.wanted === true) return
      lost.add(build)
      await failed(build, error)
    }
  }
  const pages = new LogPages(host.reader, {
    after,
    upTo,
    types: [...new Set(joined.flatMap((build) => build.types))],
    tenantId: joined[0]?.tenantId,
    unread,
    ahead: options.parallel,
    pageSize: () => (throttle.active ? Math.min(throttledPageSize, pageSize) : pageSize),
  })
  while (active().length > 0) {
    const page = await pages.next()
    const began = performance.now()
    throttle.saw(page.horizon)
    await host.faults('batch-read', { after, next: page.next })
    for (const build of active()) await attempt(build, () => build.handle(page, unread))
    if (unread?.wanted === true) {
      for (const build of active()) build.rewindForDetails()
      return { whole: all.filter((build) => !lost.has(build)), again: true }
    }
    await host.faults('batch-handled', { after, next: page.next })
    const isEnd = reachedEnd(page, upTo)
    const cancelled = options.signal.aborted
    for (const build of active()) if (isEnd || cancelled || build.flushIsDue) await attempt(build, () => build.commit())
    if (cancelled) throw new RebuildCancelled()
    if (isEnd) break
    await throttle.pause(performance.now() - began, options.signal)
  }
  return { whole: all.filter((build) => !lost.has(build)), again: false }
}

function reachedEnd(page: LogReadPage, upTo: number | undefined): boolean {
  return upTo === undefined ? page.next >= page.horizon : page.next >= upTo
}
