import { payloadSchema } from '../../definition/payload-schema.ts'
import type { FormsOf, StoredForm } from '../../definition/payload-forms.ts'
import type { InputOf, JsonSchemaLike, OutputOf } from '../../definition/schema-like.ts'
import type { ColumnKind } from '../table-model.ts'
import { column, type Column } from './column.ts'

/** Text of any length; NUL characters and lone surrogates are refused. */
export function text<V extends string = string>(): Column<'text', V> {
  return column(plain('text'))
}

/** A whole number of 32 bits. */
export function integer(): Column<'integer', number> {
  return column(plain('integer'))
}

/** A whole number up to 2^53 - 1 either way, so that it is exact in JavaScript too. */
export function bigint(): Column<'bigint', number> {
  return column(plain('bigint'))
}

/**
 * A decimal number of `precision` digits, `scale` of them behind the point: exact, added without binary fractions. Up to 15
 * digits it is a number, from 16 on a string ('12.50'). What has more decimals is rounded, halves away from zero.
 */
export function numeric(precision: FewDigits, scale?: number): Column<'numeric', number>
export function numeric(precision: number, scale?: number): Column<'numeric', string>
export function numeric(precision: number, scale = 0): Column<'numeric', never> {
  return column({ ...plain('numeric'), precision, scale })
}
type FewDigits = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13 | 14 | 15

/** A floating-point number of 64 bits; finite. */
export function double(): Column<'double', number> {
  return column(plain('double'))
}

export function boolean(): Column<'boolean', boolean> {
  return column(plain('boolean'))
}

/** A UUID, kept in lower case. */
export function uuid(): Column<'uuid', string> {
  return column(plain('uuid'))
}

/** A day: 'YYYY-MM-DD'. */
export function date(): Column<'date', string> {
  return column(plain('date'))
}

/** A moment: a Date or ISO 8601 text with an offset goes in, ISO 8601 with milliseconds in UTC comes out. */
export function timestamp(): Column<'timestamp', string, string | Date> {
  return column(plain('timestamp'))
}

/** Any JSON but null, as `json<Line[]>()`; with a schema, values are checked by it and its defaults filled in. */
export function json<S extends JsonSchemaLike>(schema: S): Column<'json', StoredForm<FormsOf<InputOf<S>, OutputOf<S>>>, InputOf<S>>
export function json<V>(): Column<'json', V>
export function json(schema?: JsonSchemaLike): Column<'json', never> {
  if (schema === undefined) return column(plain('json'))
  const checked = payloadSchema('a json column', schema)
  return column({ ...plain('json'), check: (value) => checked.acceptJson('a json column', value) })
}

function plain<K extends ColumnKind>(kind: K): { readonly kind: K; readonly nullable: boolean; readonly default: undefined } {
  return { kind, nullable: false, default: undefined }
}
