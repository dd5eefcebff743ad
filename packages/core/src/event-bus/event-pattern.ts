import type { RecordedEvent } from '../contracts/index.ts'
import { typeMatcher } from '../patterns/index.ts'

/** What may be subscribed to: a full event type, all types of one prefix (`order.*`), or everything (`*`). */
export type EventPattern<T extends string = string> = T | PrefixPattern<T> | '*'
type PrefixPattern<T extends string> = T extends `${infer Prefix}.${string}` ? `${Prefix}.*` : never

/** The events of the union `E` that a pattern matches; all of them where the types are not known. */
export type EventsMatching<E extends RecordedEvent, P extends string> = string extends E['type']
  ? E
  : P extends '*'
    ? E
    : P extends `${infer Prefix}.*`
      ? Extract<E, { readonly type: `${Prefix}.${string}` }>
      : Extract<E, { readonly type: P }>

/** @throws InvalidInputError when the text is no pattern */
export function eventMatcher<E extends RecordedEvent, const P extends string>(
  pattern: P,
): (event: RecordedEvent) => event is EventsMatching<E, P> & RecordedEvent {
  const matches = typeMatcher(pattern)
  return (event): event is EventsMatching<E, P> & RecordedEvent => matches(event.type)
}
