import type { NewEvent } from '../contracts/event.ts'

/** What an aggregate's instance is made from. Cairn builds it; a domain team never does. */
export interface AggregateContext<S> {
  readonly id: string
  readonly tenantId: string
  /** The stream's version that `state` stands for; 0 when it does not exist. */
  readonly version: number
  readonly state: S
  readonly behaviour: AggregateBehaviour<S>
}

/** The definition's rules, as an instance uses them. */
export interface AggregateBehaviour<S> {
  /** Makes and validates an event. @throws UnknownTypeError, SchemaValidationError */
  makeEvent(name: string, payload: unknown): NewEvent
  /** Folds an event into a state. @throws UnknownTypeError */
  fold(state: S, event: NewEvent): S
  /** Runs the handler of a command. @throws UnknownTypeError, and whatever the handler throws */
  handle(aggregate: object, command: { readonly type: string; readonly payload: unknown }): void
}
