import {
  changedProjection,
  InvalidInputError,
  isOfDefinition,
  SubscriptionVersionError,
  type Generation,
  type LogHead,
  type ProjectionDefinition,
} from '@cairn/core'
import type { ProjectionHost } from './host.ts'
import type { ResolvedRebuildOptions } from './rebuild-options.ts'
import { tableChanges, type TableChange } from './table-changes.ts'

/** How a projection is brought up to date with its code. */
export type RebuildStrategy =
  /** Beside the live one, from the first event. */
  | { readonly kind: 'new' }
  /** Goes on with a build that was not finished. */
  | { readonly kind: 'resume'; readonly generation: Generation }
  /** The live one was built from this very definition. */
  | { readonly kind: 'nothing' }
  /** One tenant's rows, in side tables. */
  | { readonly kind: 'tenant'; readonly tenantId: string; readonly live: Generation; readonly resumes: boolean }
  /** The live tables themselves are emptied and filled. */
  | { readonly kind: 'in-place'; readonly live: Generation; readonly resumes: boolean }

/** What a rebuild of one projection would do. */
export interface RebuildPlan {
  readonly projection: string
  readonly definition: ProjectionDefinition
  readonly live: Generation | undefined
  readonly fromVersion: number | undefined
  readonly toVersion: number
  readonly strategy: RebuildStrategy
  /** Everything behind this position is read, up to the horizon. */
  readonly startAfter: number
  readonly horizon: number
  /** At most so many events are read: positions have holes, and not every event is of the projection's types. */
  readonly eventsAtMost: number
  readonly tables: readonly TableChange[]
  /** Views of others that depend on the projection's views. */
  readonly dependents: readonly string[]
}

/**
 * Looks at what is there and says what would be done; changes nothing.
 * @throws SubscriptionVersionError when the database has a higher version
 * @throws SubscriptionChangedError when the definition changed and its version did not, unless begun from scratch
 */
export async function planRebuild(
  host: ProjectionHost,
  definition: ProjectionDefinition,
  head: LogHead,
  options: ResolvedRebuildOptions,
): Promise<RebuildPlan> {
  const generations = await host.store.generations(definition.name)
  const live = generations.find((generation) => generation.state === 'live')
  if (live !== undefined && live.version > definition.version)
    throw new SubscriptionVersionError(`projection ${definition.name}`, definition.version, live.version)
  const chosen = chooseStrategy(definition, generations, live, options)
  const strategy = chosen.kind === 'in-place' ? { ...chosen, resumes: await isBeingFilled(host, chosen.live, options) } : chosen
  const interrupted = interruptedBuild(strategy, generations, definition)
  const startAfter = interrupted === undefined ? 0 : await lowestCheckpoint(host, interrupted)
  return {
    projection: definition.name,
    definition,
    live,
    fromVersion: live?.version,
    toVersion: definition.version,
    strategy,
    startAfter,
    horizon: head.horizon,
    eventsAtMost: strategy.kind === 'nothing' ? 0 : Math.max(0, head.horizon - startAfter),
    tables: tableChanges(live?.tables.map((table) => table.model) ?? [], [...definition.tables.values()]),
    dependents: live === undefined ? [] : await host.store.dependents(definition.name),
  }
}

function chooseStrategy(
  definition: ProjectionDefinition,
  generations: readonly Generation[],
  live: Generation | undefined,
  options: ResolvedRebuildOptions,
): RebuildStrategy {
  const fromScratch = options.fromScratch === true
  if (options.tenant !== undefined) {
    const { tenant } = options
    const side = generations.find((one) => one.tenantId === tenant && isOurs(one, definition))
    return {
      kind: 'tenant',
      tenantId: tenant,
      live: liveOfThisCode(definition, live, 'tenant'),
      resumes: side !== undefined && !fromScratch,
    }
  }
  if (options.inPlace === true) return { kind: 'in-place', live: liveOfThisCode(definition, live, 'inPlace'), resumes: false }
  const building = generations.findLast((one) => one.tenantId === undefined && isOurs(one, definition))
  if (building !== undefined && !fromScratch) return { kind: 'resume', generation: building }
  const isCurrent = live !== undefined && isOfDefinition(live, definition)
  if (live?.version === definition.version && !isCurrent && !fromScratch) throw changedProjection(definition, live)
  if (options.outdated === true && isCurrent) return { kind: 'nothing' }
  return { kind: 'new' }
}

function isOurs(generation: Generation, definition: ProjectionDefinition): boolean {
  return generation.state === 'building' && isOfDefinition(generation, definition)
}

function liveOfThisCode(definition: ProjectionDefinition, live: Generation | undefined, option: 'tenant' | 'inPlace'): Generation {
  if (live !== undefined && isOfDefinition(live, definition)) return live
  const found = live === undefined ? 'nothing is live' : `version ${live.version} is live, built from another definition`
  throw new InvalidInputError(
    option,
    `Projection ${definition.name} cannot be rebuilt ${option === 'tenant' ? 'for one tenant' : 'in place'}: ${found}. Rebuild it as a whole first.`,
  )
}

function interruptedBuild(
  strategy: RebuildStrategy,
  generations: readonly Generation[],
  definition: ProjectionDefinition,
): Generation | undefined {
  if (strategy.kind === 'resume') return strategy.generation
  if (strategy.kind === 'in-place' && strategy.resumes) return strategy.live
  if (strategy.kind === 'tenant' && strategy.resumes)
    return generations.find((one) => one.tenantId === strategy.tenantId && isOurs(one, definition))
  return undefined
}

/** Emptied by an earlier call that was stopped. */
async function isBeingFilled(host: ProjectionHost, live: Generation, { fromScratch }: ResolvedRebuildOptions): Promise<boolean> {
  const status = await host.subscriptions.get({ name: live.projection, generation: live.generation })
  return fromScratch !== true && status?.partitions.some(({ state }) => state === 'rebuilding') === true
}

async function lowestCheckpoint(host: ProjectionHost, { projection, generation }: Generation): Promise<number> {
  const status = await host.subscriptions.get({ name: projection, generation })
  return status === undefined ? 0 : Math.min(...status.partitions.map((partition) => partition.checkpoint))
}
