import type { AggregateDefinition } from '../aggregate/to-aggregate-model.ts'
import type { EventSetLike, EventsOf } from '../definition/event-set.ts'
import type { LogFields } from '../ports/logger.port.ts'

/**
 * What a reaction may know besides state and event. All of it follows from the event and from the log up to its position, so a step
 * that is run again, anywhere and at any later time, is told the same.
 *
 * A reaction that loads is run again from its beginning when what it asked for is there. It is pure, so nobody can tell.
 */
export interface ProcessContext<E extends EventSetLike = EventSetLike> {
  /** The name of the instance within its tenant: what `correlate` answered. */
  readonly instanceId: string
  readonly trace: StepTrace
  /**
   * An aggregate of the event's tenant, as it was when the event was recorded: nothing behind the event's position counts. One that
   * did not exist then has version 0 and the initial state.
   * @throws UpcastError, UnknownTypeError when a stored event cannot be folded
   */
  loadAggregate<A extends AggregateDefinition>(aggregate: A, id: string): PastState<ReturnType<A['initial']>>
  /**
   * The events of one stream of the event's tenant, up to the event's position, ascending by version and lifted to their newest
   * schemas. Of the process manager's event sets; name a set there to read its streams, with or without reactions to it.
   * @throws UpcastError
   */
  loadEvents<A extends E['$aggregate']>(aggregateType: A, id: string): readonly EventsOf<Extract<E, EventSetLike<A>>>[]
  /** What the sender put under this key into the metadata, which commands hand on to their events; undefined where nobody did. */
  hint(key: string): unknown
  /**
   * Lines with the tenant, the correlation, the process manager, its instance and the event. Said when the step is through or has
   * failed, at least once: before its commit, and again if it is run again.
   */
  readonly log: StepLog
  /** Tells `SubscriptionObserver.measured`, at least once, as `log`. */
  metric(name: string, value: number): void
}

/** What the commands of a step carry, so that one trace runs through all. */
export interface StepTrace {
  readonly correlationId: string
  /** The id of the event. */
  readonly causationId: string
  /** W3C trace context, where the event has one. */
  readonly traceparent: string | undefined
}

export interface PastState<S> {
  /** Frozen. */
  readonly state: S
  /** Of the stream, then; 0 where it did not exist. */
  readonly version: number
}

export interface StepLog {
  /** The finest level: `debug` of the logger. */
  trace(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}

/** A value that a reaction measured. */
export interface StepMeasurement {
  readonly processManager: string
  readonly tenantId: string
  readonly instanceId: string
  readonly eventType: string
  readonly name: string
  readonly value: number
}
