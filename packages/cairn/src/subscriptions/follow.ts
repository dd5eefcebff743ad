import type { EventsMatching, RecordedEvent, Registry } from '@cairn/core'
import type { Background } from '../background.ts'
import { asHandler } from '../closing-gate.ts'
import { resolveFrom } from './resolve-from.ts'
import type { SubscribeFrom, SubscribePattern } from './subscribe-options.ts'
import { typesMatching } from './types-matching.ts'

export interface FollowEventsOptions<E extends RecordedEvent = RecordedEvent, P extends string = SubscribePattern<E>> {
  /** Full types (`order.created`), all of a prefix (`order.*`), or everything (`*`); one or a list. @default '*' */
  readonly types?: P | readonly P[] | undefined
  /** @default 'end': what is recorded from now on */
  readonly from?: SubscribeFrom | undefined
}

/** Gets portions of events in the order of the log, of every tenant. */
export type FollowHandler<E extends RecordedEvent, P extends string> = (events: readonly EventsMatching<E, P>[]) => void | Promise<void>

/** A reader of the log for this process alone. */
export interface EventFollower {
  /** Everything up to here was handled. */
  readonly position: number
  /** Lets the portion that is being handled end. */
  stop(): Promise<void>
}

/** Follows the log in this process; nothing is stored. */
export async function follow<P extends string>(
  background: Background,
  registry: Registry,
  { types = '*' as P, from = 'end' }: { readonly types?: P | readonly P[] | undefined; readonly from?: SubscribeFrom | undefined },
  handler: FollowHandler<RecordedEvent, P>,
): Promise<EventFollower> {
  const wanted = typesMatching(types, registry.eventTypes)
  const after = await background.asWorker(() => resolveFrom(background.ports.reader, from))
  return background.engine.follow({
    after,
    types: wanted === '*' ? undefined : wanted,
    handle: (events) => asHandler(() => handler(events)),
  })
}
