import type { NewCommand } from '../contracts/command.ts'
import type { CommandModel } from './command-model.ts'
import type { Creates } from './creates.ts'
import type { Definition } from './definition.ts'
import type { IdField } from './names.ts'
import type { AcceptedForm, DomainForm, PayloadArgument, PayloadOf, Simplify, StoredForm } from './payload-forms.ts'

export type CommandDefinitions = { readonly [name: string]: Definition | Creates<Definition> }
/** A command's payload as its set remembers it. */
export type CommandShape<D> = D extends { readonly creates: infer X } ? Creates<PayloadOf<X>> : PayloadOf<D>

/** What handlers are given. */
export type CommandDomain<P> = P extends { readonly creates: infer X } ? DomainForm<X> : DomainForm<P>
/** What travels and is kept. */
export type CommandStored<P> = P extends { readonly creates: infer X } ? StoredForm<X> : StoredForm<P>
/** What a factory takes: the payload and, beside it, the aggregate's id. */
export type CommandAccepted<A extends string, P> = P extends { readonly creates: infer X }
  ? Simplify<Fields<AcceptedForm<X>> & { readonly [I in IdField<A>]?: string }>
  : Simplify<Fields<AcceptedForm<P>> & { readonly [I in IdField<A>]: string }>
/** zod types `z.object({})` as Record<string, never>, which no id field can join. */
type Fields<T> = T extends Record<string, never> ? {} : T

export interface CommandOptions {
  /**
   * The command's id, any UUID: send the same one again to retry safely. Keep the command, or name every field whose default may
   * differ by then: one that is made anew with another default is other content under the same id, and is refused.
   * @default a new UUIDv7
   */
  readonly id?: string
}

export interface CommandFactory<A extends string, K extends string, P> {
  /**
   * Makes a command. Where it creates and names no aggregate id, a command id given here also settles the aggregate's
   * id, so that a retry hits the same target; without one the aggregate's id is a new UUIDv7.
   * @throws SchemaValidationError, InvalidInputError
   */
  (...input: [...payload: PayloadArgument<CommandAccepted<A, P>>, options?: CommandOptions]): NewCommand<`${A}.${K}`, CommandStored<P>, A>
  readonly type: `${A}.${K}`
  /** A type only: the payload as it travels. */
  readonly $payload: CommandStored<P>
}

/** The covariant part of a command set: what constraints ask for. */
export interface CommandSetLike<A extends string = string> {
  readonly $aggregate: A
  /** By short name. */
  readonly $models: ReadonlyMap<string, CommandModel>
  /** A type only. */
  readonly $payloads: object
}

export interface CommandSetMeta<A extends string, P> extends CommandSetLike<A> {
  /** Types only: payloads by short name, the union of commands. */
  readonly $payloads: P & object
  readonly $command: { [K in keyof P & string]: NewCommand<`${A}.${K}`, CommandStored<P[K]>, A> }[keyof P & string]
}

/** What `defineCommands` returns: the factories by name, and the set's own members. */
export type CommandSet<A extends string, P> = CommandSetMeta<A, P> & { readonly [K in keyof P & string]: CommandFactory<A, K, P[K]> }
