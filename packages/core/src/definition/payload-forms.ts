import type { InputOf, OutputOf } from './schema-like.ts'

declare const forms: unique symbol

/**
 * A payload whose forms differ: what factories and `raise` accept (defaults may be left out), what is stored (the JSON that
 * travels and is kept), and what handlers and folds see (codecs decoded).
 */
export interface Forms<A, S, D> {
  readonly [forms]: { readonly accepted: A; readonly stored: S; readonly domain: D }
}

/** The payload behind a schema or a chain of them, without a trace of zod: declaration files then name plain types only. */
export type PayloadOf<D> = D extends { readonly latest: infer S } ? FormsOf<InputOf<S>, OutputOf<S>> : FormsOf<InputOf<D>, OutputOf<D>>

/**
 * The commonest payload has one form and stands for itself. Where the output is assignable to the input, they differ by
 * defaults (and brands) alone; else a codec stands inside. One-way transforms do not occur: definitions refuse them.
 */
export type FormsOf<I, O> = [I, O] extends [O, I] ? O : [O] extends [I] ? Forms<I, O, O> : Forms<O, Encoded<I, O>, O>

/** The stored form of a schema with codecs: the input where a codec stands, with defaults filled in elsewhere. */
export type Encoded<I, O> = [O] extends [I]
  ? O
  : [O] extends [readonly unknown[]]
    ? EncodedFields<I, O>
    : [O] extends [Plain]
      ? EncodedFields<I, O>
      : undefined extends O
        ? I
        : Exclude<I, undefined>
type EncodedFields<I, O> = { [K in keyof O]: Encoded<Field<I, K>, O[K]> }
/** The field in every member of a union that has it. */
type Field<I, K> = I extends unknown ? (K extends keyof I ? I[K] : never) : never
/** Objects of a schema; Date, Map and other classes are not among them. */
type Plain = { readonly [key: string]: unknown }

export type AcceptedForm<P> = P extends Forms<infer A, unknown, unknown> ? A : P
export type StoredForm<P> = P extends Forms<unknown, infer S, unknown> ? S : P
export type DomainForm<P> = P extends Forms<unknown, unknown, infer D> ? D : P

/** The argument of a factory or of `raise`: `{}` may be left out. */
export type PayloadArgument<A> = {} extends A ? [payload?: A] : [payload: A]

export type Simplify<T> = { [K in keyof T]: T[K] } & {}
