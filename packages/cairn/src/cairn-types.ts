import type { AggregateOf, AggregateTypeOf, Domain, NewEvent, RecordedEvent } from '@cairn/core'

/** The recorded events of all aggregates in a domain, or in a union of domains. */
export type RecordedEventOf<D extends Domain> = RecordedIn<AggregateOf<D>>
type RecordedIn<A> = A extends { readonly events: { readonly $event: infer E extends RecordedEvent } } ? E : IfUnknown<A, RecordedEvent>

/** `T` where an aggregate is known only in general, as in a function over any app; never where it is another aggregate. */
type IfUnknown<A, T> = A extends { readonly events: { readonly $aggregate: infer N } } ? (string extends N ? T : never) : never

/** The recorded events of the aggregate type `T` in a domain, or in a union of domains. */
export type RecordedEventsOfType<D extends Domain, T> = RecordedFor<AggregateOf<D>, T>
type RecordedFor<A, T> = A extends { readonly events: { readonly $aggregate: T; readonly $event: infer E extends RecordedEvent } }
  ? E
  : IfUnknown<A, RecordedEvent>

/** The new events of the aggregate type `T` in a domain, or in a union of domains. */
export type NewEventsOfType<D extends Domain, T> = NewFor<AggregateOf<D>, T>
type NewFor<A, T> = A extends { readonly events: { readonly $aggregate: T; readonly $new: infer E extends NewEvent } }
  ? E
  : IfUnknown<A, NewEvent>

/** The state of an aggregate class or of a decider. */
export type StateOf<A> = A extends { readonly initial: () => infer S } ? S : never

/** Names a stream of the app; the tenant may be left to the default one. */
export interface StreamName<A extends string = string> {
  /** @default the default tenant, where one is set; otherwise a tenant must be named */
  readonly tenantId?: string | undefined
  readonly aggregateType: A
  readonly aggregateId: string
}

export type StreamNameOf<D extends Domain> = StreamName<AggregateTypeOf<D>>
