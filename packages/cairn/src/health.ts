import { isCairnError, type EngineStatus, type SubscriptionKind, type SubscriptionReport, type SubscriptionState } from '@cairn/core'
import type { ProcessCount } from './processes/process-control.ts'

export interface SubscriptionHealth {
  readonly name: string
  readonly generation: number
  readonly kind: SubscriptionKind
  /** By partition. */
  readonly states: readonly SubscriptionState[]
  /** Positions between the horizon and the partition that is furthest behind: an upper bound of the events still to come. */
  readonly lag: number
  readonly parked: number
  readonly waiting: number
}

/** How an app is, as far as it can tell by itself. */
export interface Health {
  /**
   * up: all is well. degraded: it works, and something needs a look (see `problems`). down: the database does not answer.
   */
  readonly status: 'up' | 'degraded' | 'down'
  /** Why it is not up: whole sentences. */
  readonly problems: readonly string[]
  /** The newest committed event, and how far readers may go: below it while a writer is at work. Undefined when down. */
  readonly log: { readonly newest: number; readonly horizon: number } | undefined
  /** What this process does in the background. */
  readonly background: {
    readonly running: boolean
    /** Everything up to here was handed out. */
    readonly position: number
    /** Milliseconds since the log was last read; undefined before the first time. */
    readonly lastReadAgoMs: number | undefined
  }
  /** Who carries out stored commands; undefined when the app is down. */
  readonly scheduler: { readonly kind: string; readonly reachable: boolean } | undefined
  readonly subscriptions: readonly SubscriptionHealth[]
  /** Process managers with instances that had no event for longer than `stuckAfterMs`; none where that is off. */
  readonly stuck: readonly ProcessCount[]
}

/** What an app knows about its scheduler. */
export interface SchedulerState {
  readonly kind: string
  /** Why it cannot be reached. */
  readonly unreachable: string | undefined
}

/** A poller that has not read for so long, with events to read, does not get on. */
const silentMs = 10_000

/** @param further problems of parts that are not on the engine */
export function healthOf(
  status: EngineStatus,
  scheduler: SchedulerState,
  stuck: readonly ProcessCount[] = [],
  further: readonly string[] = [],
): Health {
  const { head, feed, running } = status
  const problems = [
    ...schedulerProblems(scheduler),
    ...feedProblems(status),
    ...status.subscriptions.flatMap((one) => [...problemsOf(one)]),
    ...stuck.map(
      ({ processManager, count, quietest }) =>
        `${processManager} has ${count} instance${count === 1 ? '' : 's'} without any event for too long; one since ${quietest.toISOString()}.`,
    ),
    ...further,
  ]
  return {
    status: problems.length === 0 ? 'up' : 'degraded',
    problems,
    log: { newest: head.newest, horizon: head.horizon },
    background: { running, position: feed.position, lastReadAgoMs: feed.lastReadAgoMs },
    scheduler: { kind: scheduler.kind, reachable: scheduler.unreachable === undefined },
    subscriptions: status.subscriptions.map(({ key, kind, partitions, lag }) => ({
      name: key.name,
      generation: key.generation,
      kind,
      states: partitions.map(({ state }) => state),
      lag,
      parked: sum(partitions.map(({ parked }) => parked)),
      waiting: sum(partitions.map(({ waiting }) => waiting)),
    })),
    stuck,
  }
}

export function healthWhenDown(error: unknown): Health {
  const why = error instanceof Error ? error.message : String(error)
  return {
    status: 'down',
    problems: [isCairnError(error, 'CAIRN_STOPPED') ? why : `The database does not answer: ${why}`],
    log: undefined,
    background: { running: false, position: 0, lastReadAgoMs: undefined },
    scheduler: undefined,
    subscriptions: [],
    stuck: [],
  }
}

function* schedulerProblems({ kind, unreachable }: SchedulerState): Generator<string> {
  if (unreachable !== undefined) yield `Stored commands wait, because the scheduler ${kind} cannot be reached: ${unreachable}`
}

function* feedProblems({ running, head, feed }: EngineStatus): Generator<string> {
  if (!running) return
  if (feed.failure !== undefined) yield `The log could not be read: ${feed.failure}`
  // Against the newest event and not only the lag of subscriptions, which a poller that is dead does not change.
  const silent = feed.lastReadAgoMs ?? Infinity
  if (feed.attached > 0 && head.newest > feed.position && silent > silentMs) {
    yield `The log goes up to ${head.newest}, and this process has not read it since ${feed.position}.`
  }
}

function* problemsOf({ key, partitions, standsBack }: SubscriptionReport): Generator<string> {
  if (partitions.some(({ state, owner }) => state === 'rebuilding' && owner === undefined)) {
    yield `${key.name} (generation ${key.generation}) is half rebuilt, and no rebuild is running: run rebuild-projections ${key.name} as before, and it goes on.`
  }
  for (const { partition, state, failure } of partitions) {
    if (state === 'failed') yield `${key.name} has failed in partition ${partition}: ${failure?.message ?? 'no reason is stored'}`
    if (state === 'detached') yield `${key.name} is run by no process any more.`
  }
  const parked = sum(partitions.map((one) => one.parked))
  if (parked > 0) yield `${key.name} has ${parked} parked event${parked === 1 ? '' : 's'}; later ones of the same key wait.`
  const unknown = partitions.find(({ failure }) => failure?.category === 'CAIRN_UNKNOWN_EVENT')?.failure
  if (standsBack) yield `${key.name} is left to other processes: ${unknown?.message ?? 'this one could not go on with it.'}`
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
