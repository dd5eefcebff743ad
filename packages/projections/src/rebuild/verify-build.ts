import { RebuildVerificationError } from '@cairn/core'
import { GenerationBuild } from './generation-build.ts'
import type { TableRows } from './progress.ts'
import type { Run } from './run.ts'
import { catchUp } from './switch-over.ts'
import { generationPlan, verificationFingerprint } from './generation-plan.ts'

/**
 * Counts the rows of a build; with `verify` folds the log a second time, into tables that are dropped again, and compares.
 * @throws RebuildVerificationError when two folds of one log differ
 */
export async function verifyBuild(run: Run, build: GenerationBuild): Promise<readonly TableRows[]> {
  const digests = await run.host.store.digest(build.generation)
  if (run.options.verify === true) await compareWithSecondFold(run, build, digests)
  return digests.map(({ table, rows }) => ({ table, rows }))
}

type Digests = Awaited<ReturnType<Run['host']['store']['digest']>>

async function compareWithSecondFold(run: Run, build: GenerationBuild, first: Digests): Promise<void> {
  const { store } = run.host
  const plan = generationPlan(build.plan.definition)
  const side = await store.create({ ...plan, fingerprint: verificationFingerprint(plan) })
  const second = new GenerationBuild(run, build.plan, side)
  try {
    await second.open()
    second.enter('verifying')
    await catchUp(run, second, build.position)
    const digests = await store.digest(side)
    const differing = first.filter((table, i) => digests[i]?.hash !== table.hash || digests[i].rows !== table.rows)
    if (differing.length > 0) {
      const tables = differing.map(({ table }) => table)
      throw new RebuildVerificationError(build.plan.projection, build.generation.generation, tables)
    }
  } finally {
    await second.close()
    await store.drop(side)
  }
}
