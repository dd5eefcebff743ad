import { chooseProjections } from './choose-projections.ts'
import type { ProjectionHost } from './host.ts'
import { LeaseKeeper } from './lease-keeper.ts'
import { asError, outcomeOfPlan } from './outcomes.ts'
import { planRebuild, type RebuildPlan } from './plan.ts'
import type { RebuildOutcome } from './progress.ts'
import { RebuildCancelled } from './rebuild-cancelled.ts'
import { rebuildBeside } from './rebuild-beside.ts'
import { rebuildInPlace } from './rebuild-in-place.ts'
import { resolveRebuildOptions, type RebuildOptions } from './rebuild-options.ts'
import { rebuildTenant } from './rebuild-tenant.ts'
import type { Run } from './run.ts'
import { Throttle } from './throttle.ts'

export interface RebuildReport {
  /** One for each projection, in the order of their registration. */
  readonly outcomes: readonly RebuildOutcome[]
}

/**
 * Builds projections anew from the log and makes the result visible in one transaction each, while writers write and readers
 * read. A build that is stopped or killed at any moment is gone on with by the same call. What goes wrong with one projection
 * is said in its outcome, and the others are built all the same.
 * @throws UnknownProjectionError, SubscriptionVersionError, SubscriptionChangedError, InvalidInputError before anything is changed
 */
export async function rebuild(host: ProjectionHost, options: RebuildOptions): Promise<RebuildReport> {
  const resolved = resolveRebuildOptions(options)
  const definitions = chooseProjections(host.projections, resolved)
  const head = await host.reader.head()
  const plans: RebuildPlan[] = []
  for (const definition of definitions) plans.push(await planRebuild(host, definition, head, resolved))
  resolved.onPlan?.(plans)
  if (resolved.dryRun === true) return { outcomes: plans.map((plan) => outcomeOfPlan(plan, 'planned')) }

  const keeper = new LeaseKeeper(host.subscriptions, resolved.tuning.leaseMs, host.logger)
  const throttle = new Throttle(resolved.throttle ? resolved.tuning.duty : 1)
  const outcomes = new Map<string, RebuildOutcome>()
  const run: Run = { host, options: resolved, keeper, throttle }
  const settle = (outcome: RebuildOutcome): void => {
    outcomes.set(outcome.projection, outcome)
    resolved.onOutcome?.(outcome)
  }
  try {
    await runPlans(run, plans, settle)
  } finally {
    await keeper.close().catch((error: unknown) => host.logger.warn('Leases could not be given back.', { component: 'rebuild', error }))
  }
  return { outcomes: plans.map((plan) => outcomes.get(plan.projection) ?? outcomeOfPlan(plan, 'cancelled')) }
}

async function runPlans(run: Run, plans: readonly RebuildPlan[], settle: (outcome: RebuildOutcome) => void): Promise<void> {
  const beside: RebuildPlan[] = []
  for (const plan of plans) {
    if (run.options.signal.aborted) return
    const { strategy } = plan
    if (strategy.kind === 'new' || strategy.kind === 'resume') beside.push(plan)
    else if (strategy.kind === 'nothing') settle(outcomeOfPlan(plan, 'up-to-date'))
    else
      settle(
        await settled(plan, () => (strategy.kind === 'tenant' ? rebuildTenant(run, plan, strategy) : rebuildInPlace(run, plan, strategy))),
      )
  }
  await rebuildBeside(run, beside, settle)
}

async function settled(plan: RebuildPlan, work: () => Promise<RebuildOutcome>): Promise<RebuildOutcome> {
  try {
    return await work()
  } catch (error) {
    return error instanceof RebuildCancelled ? outcomeOfPlan(plan, 'cancelled') : outcomeOfPlan(plan, 'failed', asError(error))
  }
}
