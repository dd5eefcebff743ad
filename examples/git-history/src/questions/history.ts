import { contributorEvents, Contributor, File, fileEvents, type ContributorState, type FileState } from '../domain/index.ts'
import type { HistoryApp } from '../import/history-app.ts'
import { readEvents } from '../import/read-events.ts'

/** A repository's history as its events tell it, folded in memory. */
export interface History {
  /** The commits counted. */
  readonly commits: number
  /** By life. */
  readonly files: ReadonlyMap<string, FileState>
  /** By contributor. */
  readonly contributors: ReadonlyMap<string, ContributorState>
}

export interface HistoryOptions {
  /** Counts only this commit and those it came from. @default every commit in the log */
  readonly at?: string | undefined
}

/**
 * Folds a tenant's events. Git is not asked: which commit came from which is in the contributions.
 * @throws UnknownCommitError when `at` is not in the log
 */
export async function readHistory(
  events: Pick<HistoryApp['events'], 'readAll'>,
  tenantId: string,
  options: HistoryOptions = {},
): Promise<History> {
  const parents = new Map<string, readonly string[]>()
  const contributions: (typeof contributorEvents.$event)[] = []
  for await (const event of readEvents(events, tenantId, [contributorEvents.contributed.type])) {
    if (!contributorEvents.is(event)) continue
    parents.set(event.payload.commit, event.payload.parents)
    contributions.push(event)
  }
  const counted = options.at === undefined ? parents : ancestorsOf(options.at, parents)
  const contributors = new Map<string, ContributorState>()
  for (const event of contributions) {
    const { aggregateId, payload } = event
    if (!counted.has(payload.commit)) continue
    const fold = Contributor.evolve.get('contributed')
    const before = contributors.get(aggregateId) ?? Contributor.initial()
    if (fold !== undefined) contributors.set(aggregateId, fold(before, payload, event))
  }
  const files = new Map<string, FileState>()
  for await (const event of readEvents(events, tenantId, fileTypes)) {
    if (!fileEvents.is(event) || !counted.has(event.payload.commit)) continue
    const fold = File.evolve.get(event.type.slice('file.'.length))
    if (fold !== undefined) files.set(event.aggregateId, fold(files.get(event.aggregateId) ?? File.initial(), event.payload, event))
  }
  return { commits: counted.size, files, contributors }
}

/** A commit that the log does not have. */
export class UnknownCommitError extends Error {
  constructor(commit: string) {
    super(`Commit ${commit} is not in the log. Import it first.`)
    this.name = 'UnknownCommitError'
  }
}

const fileTypes = [...fileEvents.$models.values()].map((model) => model.type)

/** The commit itself, and all that it came from. */
export function ancestorsOf(commit: string, parents: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> {
  if (!parents.has(commit)) throw new UnknownCommitError(commit)
  const found = new Set([commit])
  // A set is walked in the order in which it grows.
  for (const sha of found) for (const parent of parents.get(sha) ?? []) if (parents.has(parent)) found.add(parent)
  return found
}
