import type { GenerationBuild } from './generation-build.ts'
import type { Run } from './run.ts'

/** Events that were set aside, with those that wait behind them. */
export async function parkedIn({ host }: Run, { plan, generation }: GenerationBuild): Promise<number> {
  const status = await host.subscriptions.get({ name: plan.projection, generation: generation.generation })
  return status?.partitions.reduce((sum, { parked, waiting }) => sum + parked + waiting, 0) ?? 0
}
