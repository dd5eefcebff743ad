import type { JsonValue } from './json-value.ts'

/**
 * What Cairn's types ask of a schema. Never `extends z.ZodType`: comparing a schema with ZodType member by member costs the
 * compiler more than all the rest of Cairn's types together (1.57 million instantiations against 0.13).
 */
export interface SchemaLike {
  readonly _zod: { readonly input: unknown; readonly output: unknown }
}

/**
 * A schema whose stored form is JSON: `z.date()`, `z.bigint()`, `z.map()` and `z.set()` do not compile here. A codec does,
 * because it reads from JSON: `z.codec(z.iso.datetime(), z.date(), { decode, encode })`.
 */
export interface JsonSchemaLike extends SchemaLike {
  readonly _zod: { readonly input: JsonValue; readonly output: unknown }
}

export type InputOf<S> = S extends { readonly _zod: { readonly input: infer I } } ? I : never
export type OutputOf<S> = S extends { readonly _zod: { readonly output: infer O } } ? O : never
