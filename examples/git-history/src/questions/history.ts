import type { RecordedEvent } from '@cairn/cairn'
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
  const counted = options.at === undefined ? undefined : await commitsBehind(events, tenantId, options.at)
  const contributors = new Map<string, ContributorState>()
  const files = new Map<string, FileState>()
  let commits = 0
  for await (const event of readEvents(events, tenantId, [contributorEvents.contributed.type, ...fileTypes])) {
    if (contributorEvents.is(event) && counted?.has(event.payload.commit) !== false) {
      commits++
      const before = contributors.get(event.aggregateId) ?? Contributor.initial()
      contributors.set(event.aggregateId, folded(Contributor.evolve, before, event))
    }
    if (fileEvents.is(event) && counted?.has(event.payload.commit) !== false) {
      files.set(event.aggregateId, folded(File.evolve, files.get(event.aggregateId) ?? File.initial(), event))
    }
  }
  return { commits, files, contributors }
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
async function commitsBehind(events: Pick<HistoryApp['events'], 'readAll'>, tenantId: string, at: string): Promise<ReadonlySet<string>> {
  const parents = new Map<string, readonly string[]>()
  for await (const event of readEvents(events, tenantId, [contributorEvents.contributed.type])) {
    if (contributorEvents.is(event)) parents.set(event.payload.commit, event.payload.parents)
  }
  if (!parents.has(at)) throw new UnknownCommitError(at)
  const found = new Set([at])
  // A set is walked in the order in which it grows.
  for (const sha of found) for (const parent of parents.get(sha) ?? []) if (parents.has(parent)) found.add(parent)
  return found
}

/** An aggregate's folds by short name, as `this.fold` makes them. */
interface Folds<S> {
  get(name: string): ((state: S, payload: unknown, event: RecordedEvent) => S) | undefined
}

function folded<S>(folds: Folds<S>, state: S, event: RecordedEvent): S {
  const fold = folds.get(event.type.slice(event.type.indexOf('.') + 1))
  return fold === undefined ? state : fold(state, event.payload, event)
}
