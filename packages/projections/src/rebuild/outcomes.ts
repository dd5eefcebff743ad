import { RebuildStoppedError, storedFailure, TooManyParkedError, type StoredFailure } from '@cairn/core'
import type { GenerationBuild } from './generation-build.ts'
import type { RebuildPlan } from './plan.ts'
import type { RebuildOutcome, RebuildStatus, TableRows } from './progress.ts'

/** What became of a projection of which nothing was built. */
export function outcomeOfPlan(plan: RebuildPlan, status: RebuildStatus, error?: Error): RebuildOutcome {
  return {
    projection: plan.projection,
    status,
    fromVersion: plan.fromVersion,
    toVersion: plan.toVersion,
    generation: plan.live?.generation,
    events: 0,
    seconds: 0,
    tables: [],
    parked: 0,
    position: plan.startAfter,
    error,
  }
}

export function outcomeOfBuild(
  build: GenerationBuild,
  status: RebuildStatus,
  { tables = [], parked = 0, error }: { tables?: readonly TableRows[]; parked?: number; error?: Error | undefined } = {},
): RebuildOutcome {
  const { plan, generation, events, seconds, position } = build
  return { ...outcomeOfPlan(plan, status, error), generation: generation.generation, events, seconds, position, tables, parked }
}

/** As the database keeps it. */
export function failureToStore(error: unknown): StoredFailure {
  const event = error instanceof RebuildStoppedError || error instanceof TooManyParkedError ? eventOf(error) : undefined
  return storedFailure(error, { event, attempts: 1, at: new Date() })
}

function eventOf({
  details: { eventId, position },
}: RebuildStoppedError | TooManyParkedError): { readonly id: string; readonly position: number } | undefined {
  return typeof eventId === 'string' && typeof position === 'number' ? { id: eventId, position } : undefined
}

export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}
