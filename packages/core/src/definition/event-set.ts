import type { NewEvent, RecordedEvent } from '../contracts/event.ts'
import type { EventModel } from './event-model.ts'
import type { AcceptedForm, DomainForm, PayloadArgument, StoredForm } from './payload-forms.ts'

/** One event of a set: calling it makes the event, `is` narrows to it, `$event` names its type. */
export interface EventFactory<A extends string, K extends string, P> {
  /** @throws SchemaValidationError */
  (...payload: PayloadArgument<AcceptedForm<P>>): NewEvent<`${A}.${K}`, StoredForm<P>>
  readonly type: `${A}.${K}`
  /** True for a recorded event of this type. */
  is(event: RecordedEvent): event is RecordedEvent<`${A}.${K}`, StoredForm<P>, A>
  /**
   * The payload of a recorded event as folds see it: lifted to the newest schema, codecs decoded.
   * @throws UpcastError
   */
  read(event: RecordedEvent<`${A}.${K}`>): DomainForm<P>
  /** A type only: the recorded event. */
  readonly $event: RecordedEvent<`${A}.${K}`, StoredForm<P>, A>
}

/** The covariant part of an event set: what constraints ask for. */
export interface EventSetLike<A extends string = string> {
  readonly $aggregate: A
  /** By short name. */
  readonly $models: ReadonlyMap<string, EventModel>
  /** A type only. */
  readonly $payloads: object
}

export interface EventSetMeta<A extends string, P> extends EventSetLike<A> {
  /** Types only: payloads by short name, the union of recorded events, the union of new ones. */
  readonly $payloads: P & object
  readonly $event: { [K in keyof P & string]: RecordedEvent<`${A}.${K}`, StoredForm<P[K]>, A> }[keyof P & string]
  readonly $new: { [K in keyof P & string]: NewEvent<`${A}.${K}`, StoredForm<P[K]>> }[keyof P & string]
  /** True for a recorded event of any type of this set. */
  is(event: RecordedEvent): event is EventSetMeta<A, P>['$event']
}

/** What `defineEvents` returns: the factories by name, and the set's own members. */
export type EventSet<A extends string, P> = EventSetMeta<A, P> & { readonly [K in keyof P & string]: EventFactory<A, K, P[K]> }

/** The union of an event set's recorded events. */
export type EventsOf<E extends EventSetLike> = E extends { readonly $event: infer U extends RecordedEvent } ? U : never
/** The union of an event set's new events. */
export type NewEventsOf<E extends EventSetLike> = E extends { readonly $new: infer U extends NewEvent } ? U : never
