import type { CommandDomain, CommandSetLike } from '../definition/command-set.ts'
import type { EventSetLike } from '../definition/event-set.ts'
import type { DomainForm } from '../definition/payload-forms.ts'

/** One handler per command. It returns nothing: an async handler, or a stray result, does not compile. */
export type Handlers<T, C extends CommandSetLike> = {
  readonly [K in keyof C['$payloads'] & string]: (aggregate: T, payload: CommandDomain<C['$payloads'][K]>) => void | undefined
}

/** What a fold may know of its event besides the payload. */
export interface FoldedEvent<T extends string = string> {
  readonly type: T
}

/**
 * One fold per event; a fold never changes its input. TypeScript accepts a key in the result that the state does not have
 * (`{ ...s, misspelt: 1 }`): the state type cannot forbid it, and the snapshot schema reports it when there is one.
 */
export type Folds<S, E extends EventSetLike> = {
  readonly [K in keyof E['$payloads'] & string]: (
    state: S,
    payload: DomainForm<E['$payloads'][K]>,
    event: FoldedEvent<`${E['$aggregate']}.${K}`>,
  ) => S
}

/** Written as a method, so that a subclass with handlers of its own may override those of its parent. */
type Handler<T> = { handle(aggregate: T, payload: unknown): void }['handle']

/** What `handle` makes. It names no payload, which keeps declaration files small. */
export interface HandlerTable<T> {
  /** Whose handlers these are. */
  readonly owner: object
  readonly commands: CommandSetLike
  get(name: string): Handler<T> | undefined
}

/** What `fold` makes. */
export interface FoldTable<S, R = S> {
  /** Whose folds these are. */
  readonly owner: object
  get(name: string): ((state: S, payload: unknown, event: FoldedEvent) => R) | undefined
}
