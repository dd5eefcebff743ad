import type { Generation } from '@cairn/core'
import { GenerationBuild } from './generation-build.ts'
import { generationPlan } from './generation-plan.ts'
import { asError, failureToStore, outcomeOfBuild } from './outcomes.ts'
import type { RebuildPlan, RebuildStrategy } from './plan.ts'
import type { RebuildOutcome, TableRows } from './progress.ts'
import { RebuildCancelled } from './rebuild-cancelled.ts'
import type { Run } from './run.ts'
import { catchUp, untilCaughtUp, whileFeeding } from './switch-over.ts'
import { withReopening } from './with-reopening.ts'

/**
 * Builds one tenant's rows in side tables and puts them in the place of the live ones, at one position of both: the side
 * tables are never fed beyond the live generation's checkpoint, where there is one.
 */
export async function rebuildTenant(
  run: Run,
  plan: RebuildPlan,
  { tenantId, live }: RebuildStrategy & { readonly kind: 'tenant' },
): Promise<RebuildOutcome> {
  const { host } = run
  const side = await sideTables(run, plan, tenantId)
  const build = new GenerationBuild(run, plan, side, { tenantId })
  try {
    const tables = await withReopening(
      run,
      () => [build],
      async () => {
        build.enter('building')
        const { rows } = await untilCaughtUp(
          run,
          () => approach(run, build, live),
          () =>
            whileFeeding(
              () => approach(run, build, live),
              () => host.store.replaceTenant(live, side, tenantId),
            ),
        )
        return [{ table: plan.projection, rows }] satisfies TableRows[]
      },
    )
    await build.close()
    await host.store.drop(side)
    build.enter('done')
    return outcomeOfBuild(build, 'rebuilt', { tables })
  } catch (error) {
    if (error instanceof RebuildCancelled) return outcomeOfBuild(build, 'cancelled')
    await build.fail(failureToStore(error)).catch(() => undefined)
    return outcomeOfBuild(build, 'failed', { error: asError(error) })
  }
}

/**
 * Each partition of the side tables up to where the same one of the live tables is, and no further. Inline tables are written
 * with the events themselves, and have no checkpoint that moves: the side tables follow the log, and appends are held at the end.
 */
async function approach(run: Run, build: GenerationBuild, { projection, generation }: Generation): Promise<void> {
  if (run.options.signal.aborted) throw new RebuildCancelled()
  if (build.plan.definition.mode === 'inline') return catchUp(run, build)
  const status = await run.host.subscriptions.get({ name: projection, generation })
  const targets = (status?.partitions ?? []).map((partition) => partition.checkpoint)
  build.holdAt(targets)
  if (build.isBehind) await catchUp(run, build, Math.max(...targets))
}

async function sideTables({ host, options }: Run, { definition }: RebuildPlan, tenantId: string): Promise<Generation> {
  const wanted = { ...generationPlan(definition), tenantId }
  if (options.fromScratch === true) {
    const generations = await host.store.generations(definition.name)
    for (const left of generations) if (left.state === 'building' && left.tenantId === tenantId) await host.store.drop(left)
  }
  return host.store.create(wanted)
}
