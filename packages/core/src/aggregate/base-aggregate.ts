import type { NewCommand } from '../contracts/command.ts'
import type { NewEvent } from '../contracts/event.ts'
import type { EventSetLike } from '../definition/event-set.ts'
import type { AcceptedForm, PayloadArgument } from '../definition/payload-forms.ts'
import type { AggregateBehaviour, AggregateContext } from './aggregate-context.ts'

/** One aggregate in memory: its state, and what was raised since it was loaded. Subclass what `aggregate(…)` returns. */
export abstract class BaseAggregate<S, E extends EventSetLike> {
  readonly id: string
  readonly tenantId: string
  readonly #behaviour: AggregateBehaviour<S>
  readonly #loadedVersion: number
  readonly #raised: NewEvent[] = []
  #state: S

  constructor(context: AggregateContext<S>) {
    this.id = context.id
    this.tenantId = context.tenantId
    this.#behaviour = context.behaviour
    this.#loadedVersion = context.version
    this.#state = context.state
  }

  /** The state after everything raised so far. Never change it: raise an event. */
  get state(): S {
    return this.#state
  }

  /** The stream's version that `state` stands for, events raised here included; 0 when there is none yet. */
  get version(): number {
    return this.#loadedVersion + this.#raised.length
  }

  /** The events raised here, in order. */
  get raised(): readonly NewEvent[] {
    return this.#raised
  }

  /**
   * Handles one command and folds what it raised; returns those events. Nothing is stored.
   * @throws UnknownTypeError when there is no such command, and whatever the handler throws: then the aggregate is as it was
   */
  execute(command: NewCommand<string, unknown, E['$aggregate']>): readonly NewEvent[] {
    const state = this.#state
    const before = this.#raised.length
    try {
      this.#behaviour.handle(this, command)
    } catch (error) {
      this.#state = state
      this.#raised.length = before
      throw error
    }
    return this.#raised.slice(before)
  }

  /**
   * Records that something happened. The payload is validated by the event's newest schema (defaults are filled in), and
   * the state moves at once.
   * @throws SchemaValidationError
   */
  // `keyof … & string` stands here inline, so that an error prints the names of the events.
  protected raise<K extends keyof E['$payloads'] & string>(name: K, ...payload: PayloadArgument<AcceptedForm<E['$payloads'][K]>>): void {
    const event = this.#behaviour.makeEvent(name, payload[0] ?? {})
    this.#state = this.#behaviour.fold(this.#state, event)
    this.#raised.push(event)
  }
}
