import { isCairnError, ProjectionNotBuiltError, type LoggerPort, type ProjectionDefinition } from '@cairn/core'
import type { RebuildOutcome } from '@cairn/projections'
import { chooseGeneration } from './choose-generation.ts'
import type { GenerationSource } from './generation-source.ts'
import { generationPlan } from '@cairn/projections'

export interface InlineBuild {
  readonly definition: ProjectionDefinition
  readonly source: GenerationSource
  readonly build: () => Promise<RebuildOutcome>
  readonly logger: LoggerPort
}

/**
 * Sees to it that the live generation of an inline projection is that of this code, before anything is appended: an append writes
 * to the live one alone. What is in the log already is projected first, and the start waits for it.
 * @throws SubscriptionChangedError, SubscriptionVersionError, ProjectionNotBuiltError, and what a rebuild fails with
 */
export async function buildInline({ definition, source, build, logger }: InlineBuild): Promise<void> {
  const { name, version } = definition
  const choice = chooseGeneration(definition, await source.generations(name))
  if (choice.kind === 'live') return
  if (choice.kind === 'first' && (await source.ensure(generationPlan(definition))).state === 'live') return
  if (choice.kind === 'beside') throw new ProjectionNotBuiltError(name, version)
  logger.info(`The inline projection ${name} is built in version ${version}; appends of its events wait for the switch.`, {
    projection: name,
  })
  const outcome = await build()
  if (outcome.status !== 'failed') return
  // Somebody else was faster.
  if (chooseGeneration(definition, await source.generations(name)).kind === 'live') return
  throw isCairnError(outcome.error) ? outcome.error : (outcome.error ?? new ProjectionNotBuiltError(name, version))
}
