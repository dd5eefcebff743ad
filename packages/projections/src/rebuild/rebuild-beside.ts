import type { Generation } from '@cairn/core'
import { GenerationBuild } from './generation-build.ts'
import { generationPlan, verificationFingerprint } from './generation-plan.ts'
import { mayHeal } from './failure-kinds.ts'
import { asError, outcomeOfBuild, outcomeOfPlan, failureToStore } from './outcomes.ts'
import { parkedIn } from './parked-in.ts'
import type { RebuildPlan } from './plan.ts'
import type { RebuildOutcome } from './progress.ts'
import { RebuildCancelled } from './rebuild-cancelled.ts'
import type { Run } from './run.ts'
import { runPass } from './run-pass.ts'
import { sweepGenerations } from './sweep-generations.ts'
import { catchUp, switchOver } from './switch-over.ts'
import { verifyBuild } from './verify-build.ts'
import { withReopening } from './with-reopening.ts'

type Settle = (outcome: RebuildOutcome) => void

/** Builds new generations beside the live ones, all fed by one pass over the log, and switches them one after another. */
export async function rebuildBeside(run: Run, plans: readonly RebuildPlan[], settle: Settle): Promise<void> {
  const builds = await startBuilds(run, plans, settle)
  let whole: readonly GenerationBuild[] = builds
  const failed = async (build: GenerationBuild, error: unknown): Promise<void> => {
    // The database is away for all of them; and who stops, stops all.
    if (mayHeal(error) || error instanceof RebuildCancelled) throw error
    await giveUp(run, build, error, settle)
    whole = whole.filter((other) => other !== build)
  }
  try {
    for (const build of whole) await openOr(build, failed)
    await withReopening(
      run,
      () => whole,
      () => runPass(run, whole, failed),
    )
    for (const build of whole) {
      try {
        settle(await finish(run, build))
      } catch (error) {
        if (error instanceof RebuildCancelled) throw error
        await giveUp(run, build, error, settle)
      }
      whole = whole.filter((other) => other !== build)
    }
  } catch (error) {
    for (const build of whole) {
      if (error instanceof RebuildCancelled) settle(outcomeOfBuild(build, 'cancelled'))
      else await giveUp(run, build, error, settle)
    }
  }
}

async function openOr(build: GenerationBuild, failed: (build: GenerationBuild, error: unknown) => Promise<void>): Promise<void> {
  try {
    await build.open()
    build.enter('building')
  } catch (error) {
    if (!mayHeal(error)) await failed(build, error)
  }
}

async function startBuilds(run: Run, plans: readonly RebuildPlan[], settle: Settle): Promise<GenerationBuild[]> {
  const builds: GenerationBuild[] = []
  for (const plan of plans) {
    try {
      builds.push(new GenerationBuild(run, plan, await provideGeneration(run, plan)))
    } catch (error) {
      settle(outcomeOfPlan(plan, 'failed', asError(error)))
    }
  }
  return builds
}

async function provideGeneration({ host, options }: Run, { definition, strategy }: RebuildPlan): Promise<Generation> {
  if (strategy.kind === 'resume') return strategy.generation
  const wanted = generationPlan(definition)
  // Of a verification that was killed: its rows are of the code of that time, and what is begun anew is not compared with them.
  const left = [verificationFingerprint(wanted)]
  if (options.fromScratch === true) left.push(wanted.fingerprint)
  for (const one of await host.store.generations(definition.name)) {
    if (one.state === 'building' && one.tenantId === undefined && left.includes(one.fingerprint)) await host.store.drop(one)
  }
  return host.store.create(wanted)
}

/** From the end of the log to visible. */
async function finish(run: Run, build: GenerationBuild): Promise<RebuildOutcome> {
  const { host } = run
  const details = { name: build.plan.projection, generation: build.generation.generation }
  return withReopening(
    run,
    () => [build],
    async () => {
      build.enter('catching-up')
      await catchUp(run, build)
      await host.faults('rebuild-caught-up', details)
      build.enter('verifying')
      const tables = await verifyBuild(run, build)
      await host.faults('rebuild-verified', details)
      build.enter('switching')
      await switchOver(run, build)
      await build.handOver()
      await sweepGenerations(host, build.generation)
      build.enter('done')
      return outcomeOfBuild(build, 'rebuilt', { tables, parked: await parkedIn(run, build) })
    },
  )
}

async function giveUp({ host }: Run, build: GenerationBuild, error: unknown, settle: Settle): Promise<void> {
  settle(outcomeOfBuild(build, 'failed', { error: asError(error) }))
  try {
    await build.fail(failureToStore(error))
    await build.close()
  } catch (cause) {
    host.logger.warn('The failure of a rebuild could not be stored.', { component: 'rebuild', error: cause })
  }
}
