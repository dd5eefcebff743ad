import { GenerationBuild } from './generation-build.ts'
import { asError, failureToStore, outcomeOfBuild } from './outcomes.ts'
import { parkedIn } from './parked-in.ts'
import type { RebuildPlan, RebuildStrategy } from './plan.ts'
import type { RebuildOutcome } from './progress.ts'
import { RebuildCancelled } from './rebuild-cancelled.ts'
import type { Run } from './run.ts'
import { catchUp } from './switch-over.ts'
import { withReopening } from './with-reopening.ts'

/**
 * Empties the live tables and fills them from the first event. Readers see them filling. For where there is no room for a
 * second generation, and only on request.
 */
export async function rebuildInPlace(
  run: Run,
  plan: RebuildPlan,
  { live, resumes }: RebuildStrategy & { readonly kind: 'in-place' },
): Promise<RebuildOutcome> {
  const { subscriptions, store } = run.host
  if (!resumes) {
    const key = { name: live.projection, generation: live.generation }
    await subscriptions.control(key, 'paused')
    await store.clear(live)
    await subscriptions.control(key, 'rebuilding')
  }
  const build = new GenerationBuild(run, plan, live)
  try {
    await withReopening(
      run,
      () => [build],
      async () => {
        build.enter('building')
        await catchUp(run, build)
      },
    )
    const tables = await store.digest(live)
    await build.handOver()
    build.enter('done')
    return outcomeOfBuild(build, 'rebuilt', { tables, parked: await parkedIn(run, build) })
  } catch (error) {
    if (error instanceof RebuildCancelled) return outcomeOfBuild(build, 'cancelled')
    await build.fail(failureToStore(error)).catch(() => undefined)
    return outcomeOfBuild(build, 'failed', { error: asError(error) })
  }
}
