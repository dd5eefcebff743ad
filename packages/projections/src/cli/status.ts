import { isOfDefinition, type Generation, type ProjectionDefinition, type SubscriptionStatus } from '@cairn/core'
import type { ProjectionHost } from '../rebuild/host.ts'

/** One generation and how far it is. */
export interface GenerationStatus {
  readonly generation: number
  readonly version: number
  /** It is live in the code's version, and built from another definition: an app of this code does not start. */
  readonly changed: boolean
  readonly state: Generation['state']
  readonly tenant: string | undefined
  /** The worst state among its partitions. */
  readonly runs: string
  readonly checkpoint: number
  readonly lag: number
  readonly parked: number
  readonly waiting: number
  /** Why a partition does not go on. */
  readonly failure: string | undefined
}

export interface ProjectionStatus {
  readonly projection: string
  /** The code's. */
  readonly version: number
  readonly generations: readonly GenerationStatus[]
}

/** States in which something is wrong come first. */
const worstFirst = ['failed', 'retrying', 'paused', 'detached', 'rebuilding', 'new', 'catching-up', 'live', 'retired']

export async function readStatus(host: ProjectionHost, definitions: readonly ProjectionDefinition[]): Promise<readonly ProjectionStatus[]> {
  const [{ horizon }, generations, subscriptions] = await Promise.all([
    host.reader.head(),
    host.store.generations(),
    host.subscriptions.list(),
  ])
  return definitions.map((definition) => ({
    projection: definition.name,
    version: definition.version,
    generations: generations
      .filter((generation) => generation.projection === definition.name)
      .map((generation) => {
        const fed = subscriptions.find(({ key }) => key.name === definition.name && key.generation === generation.generation)
        return generationStatus(definition, generation, fed, horizon)
      }),
  }))
}

function generationStatus(
  definition: ProjectionDefinition,
  generation: Generation,
  fed: SubscriptionStatus | undefined,
  horizon: number,
): GenerationStatus {
  const partitions = fed?.partitions ?? []
  const checkpoint = partitions.length === 0 ? 0 : Math.min(...partitions.map((partition) => partition.checkpoint))
  const states = new Set<string>(partitions.map((partition) => partition.state))
  return {
    generation: generation.generation,
    version: generation.version,
    changed: generation.state === 'live' && generation.version === definition.version && !isOfDefinition(generation, definition),
    state: generation.state,
    tenant: generation.tenantId,
    runs: worstFirst.find((state) => states.has(state)) ?? 'unknown',
    checkpoint,
    lag: Math.max(0, horizon - checkpoint),
    parked: partitions.reduce((sum, { parked }) => sum + parked, 0),
    waiting: partitions.reduce((sum, { waiting }) => sum + waiting, 0),
    failure: partitions.find((partition) => partition.failure !== undefined)?.failure?.message,
  }
}
