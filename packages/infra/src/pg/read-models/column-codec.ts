import { RowValueError, type ColumnKind, type ColumnModel } from '@cairn/core'
import { identifier } from './quote.ts'

/** How a column's values go to PostgreSQL and come back. */
export interface ColumnCodec {
  /** The type, as a cast and a column's definition name it. */
  readonly type: string
  /** The column as text that does not depend on the session's settings. */
  readonly select: (alias: string) => string
  /** An element of an array literal, for any value but null. */
  readonly write: (value: unknown) => string
  /** From the text of `select`. */
  readonly read: (text: string) => unknown
}

type Codec = Omit<ColumnCodec, 'type' | 'select'> & { readonly type: string; readonly select?: (column: string) => string }

const longestExactNumber = 15
const msPerDay = 86_400_000

const plain = (value: unknown): string => String(value)
const asIs = (text: string): unknown => text

const codecs: Readonly<Record<ColumnKind, Codec>> = {
  text: { type: 'text', write: (value) => quoted(String(value)), read: asIs },
  integer: { type: 'integer', write: plain, read: Number },
  bigint: { type: 'bigint', write: plain, read: Number },
  numeric: { type: 'numeric', write: plain, read: asIs },
  double: { type: 'double precision', write: plain, read: Number },
  boolean: { type: 'boolean', write: plain, read: (text) => text === 'true' },
  uuid: { type: 'uuid', write: plain, read: asIs },
  // As days and milliseconds since 1970: the text forms depend on DateStyle and TimeZone.
  date: {
    type: 'date',
    select: (column) => `(${column} - date '1970-01-01')`,
    write: plain,
    read: (text) => new Date(Number(text) * msPerDay).toISOString().slice(0, -'T00:00:00.000Z'.length),
  },
  timestamp: {
    type: 'timestamp(3) with time zone',
    select: (column) => `(extract(epoch from ${column}) * 1000)::bigint`,
    write: plain,
    read: (text) => new Date(Number(text)).toISOString(),
  },
  json: { type: 'jsonb', write: (value) => quoted(JSON.stringify(value)), read: (text) => JSON.parse(text) },
}

export function codecOf(column: ColumnModel): ColumnCodec {
  const { type, select, write, read } = codecs[column.kind]
  const name = identifier(column.name)
  return {
    type: column.kind === 'numeric' ? numericType(column) : type,
    select: (alias) => `${select === undefined ? `${alias}.${name}` : select(`${alias}.${name}`)}::text`,
    write,
    read: column.kind === 'numeric' && isExactNumber(column) ? Number : read,
  }
}

function numericType({ precision, scale }: ColumnModel): string {
  if (precision === undefined) return 'numeric'
  return `numeric(${precision},${scale ?? 0})`
}

/** Up to 15 digits a number says the same as the numeric; beyond, values are strings. */
function isExactNumber({ precision }: ColumnModel): boolean {
  return precision !== undefined && precision <= longestExactNumber
}

/** An array literal of a column's values. @throws RowValueError for null in a column that takes none */
export function arrayOf(table: string, column: ColumnModel, codec: ColumnCodec, values: readonly unknown[]): string {
  let text = '{'
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    if (i > 0) text += ','
    if (value === null || value === undefined) {
      if (!column.nullable) throw new RowValueError(table, column.name, 'has no value and takes no null')
      text += 'NULL'
    } else {
      text += codec.write(value)
    }
  }
  return `${text}}`
}

function quoted(value: string): string {
  return value.includes('"') || value.includes('\\') ? `"${value.replace(/["\\]/g, String.raw`\$&`)}"` : `"${value}"`
}
