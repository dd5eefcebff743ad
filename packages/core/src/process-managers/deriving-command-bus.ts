import { AsyncLocalStorage } from 'node:async_hooks'
import type { AsyncDispatchOptions, PendingCommand } from '../command-bus/async-dispatch.ts'
import type { Dispatched } from '../command-bus/dispatched.ts'
import { causedBy, type DispatchOptions } from '../command-bus/dispatch-options.ts'
import type { NewCommand, RecordedEvent } from '../contracts/index.ts'
import { DefinitionError } from '../errors/domain.ts'
import { withDerivedIdsFrom } from '../ids/new-id.ts'
import { derivedUuid } from '../ids/uuid.ts'

/** The part of a command bus that handlers use. */
export interface HandlerCommandBus {
  dispatch(command: NewCommand, options: AsyncDispatchOptions): Promise<PendingCommand>
  dispatch(command: NewCommand, options?: DispatchOptions): Promise<Dispatched>
}

/** What the bus of a handler stands on. */
type InnerBus = HandlerCommandBus

/**
 * A command bus for the handling of one event: the commands get ids that are derived from the handler's name, the event and their
 * ordinal, and carry the event as their cause. So an event that is delivered twice sends the same ids twice, and each takes effect
 * once. Handlers must send their commands in an order that the event determines.
 */
export function derivingCommandBus(bus: InnerBus, event: RecordedEvent, name: string): HandlerCommandBus {
  const derived = new Derived(event, name)
  return busOf(bus, () => derived)
}

/**
 * A command bus for handlers that are made once, with their bus: `handling(event, work)` says what they are working on.
 * @throws DefinitionError from `dispatch` outside of it, where there is nothing to derive an id from
 */
export function handlerCommandBus(
  bus: InnerBus,
  name: string,
): { readonly bus: HandlerCommandBus; handling<T>(event: RecordedEvent, work: () => Promise<T>): Promise<T> } {
  const handled = new AsyncLocalStorage<Derived>()
  return {
    bus: busOf(bus, (type) => {
      const derived = handled.getStore()
      if (derived !== undefined) return derived
      throw new DefinitionError(
        `Handler "${name}" sent ${type} while it handled no event: it must send its commands before handle() returns.`,
        {
          name,
          type,
        },
      )
    }),
    handling(event, work) {
      const derived = new Derived(event, name)
      // Ids that factories draw on the way, those of new aggregates above all.
      return handled.run(derived, () => withDerivedIdsFrom(() => derived.draw(), work))
    },
  }
}

class Derived {
  readonly event: RecordedEvent
  readonly #name: string
  #sent = 0
  #drawn = 0

  constructor(event: RecordedEvent, name: string) {
    this.event = event
    this.#name = name
  }

  /** The id of the next command. */
  next(): string {
    return this.#of('handler', this.#sent++)
  }

  draw(): string {
    return this.#of('drawn-by-handler', this.#drawn++)
  }

  #of(what: string, ordinal: number): string {
    return derivedUuid(what, this.#name, this.event.tenantId, this.event.id, String(ordinal))
  }
}

function busOf(bus: InnerBus, derivedFor: (commandType: string) => Derived): HandlerCommandBus {
  function dispatch(command: NewCommand, options: AsyncDispatchOptions): Promise<PendingCommand>
  function dispatch(command: NewCommand, options?: DispatchOptions): Promise<Dispatched>
  async function dispatch(command: NewCommand, options: DispatchOptions | AsyncDispatchOptions = {}): Promise<Dispatched | PendingCommand> {
    const derived = derivedFor(command.type)
    const { metadata, ...cause } = causedBy(derived.event)
    const merged = { ...cause, ...options, metadata: { ...metadata, ...options.metadata } }
    return bus.dispatch({ ...command, id: derived.next() }, merged)
  }
  return { dispatch }
}
