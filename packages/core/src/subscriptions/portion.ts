import type { PartitionMemory } from './consumer-entry.ts'
import type { SelectedEvent, UnknownEvent } from './event-selector.ts'
import type { PartitionWork } from './partition-work.ts'

/** A page that is being worked off. */
export interface Backlog {
  readonly events: readonly SelectedEvent[]
  readonly next: number
  /** Where it ends for this process: newer code has stored it. */
  readonly unknown: UnknownEvent | undefined
  index: number
}

/** What comes next of a page. */
export interface Portion {
  readonly events: readonly SelectedEvent[]
  /** Events of keys that are blocked. */
  readonly waiting: readonly SelectedEvent[]
  /** Where the partition stands behind them. */
  readonly upTo: number
  /** What of the page is behind them. */
  readonly index: number
  /** An event that stops the others: it is met when it stands first. */
  readonly alone: SelectedEvent | undefined
}

/** The next batch of a page, up to an event that must be met alone: it failed, cannot be lifted, or finds no room among those that wait. */
export function portionOf(
  backlog: Backlog,
  work: Pick<PartitionWork, 'position' | 'room' | 'uncommitted' | 'held' | 'isBlocked'>,
  { trouble, careful }: Pick<PartitionMemory, 'trouble' | 'careful'>,
  maxWaiting: number,
): Portion {
  const room = Math.min(work.room, careful === undefined ? work.room : Math.max(1, careful.size - work.uncommitted))
  const events: SelectedEvent[] = []
  const waiting: SelectedEvent[] = []
  let upTo = work.position
  let { index } = backlog
  for (; index < backlog.events.length && events.length + waiting.length < room; index++) {
    const next = backlog.events[index]
    if (next === undefined || next.event.position <= work.position) continue
    const { position } = next.event
    const blocked = work.isBlocked(next.key)
    const full = blocked && work.held + waiting.length >= maxWaiting
    if (full || (!blocked && (position === trouble?.position || next.refusal !== undefined))) {
      return { events, waiting, upTo, index, alone: events.length + waiting.length === 0 ? next : undefined }
    }
    if (blocked) waiting.push(next)
    else events.push(next)
    upTo = position
  }
  if (index >= backlog.events.length)
    upTo = Math.max(upTo, backlog.unknown === undefined ? backlog.next : backlog.unknown.event.position - 1)
  return { events, waiting, upTo, index, alone: undefined }
}
