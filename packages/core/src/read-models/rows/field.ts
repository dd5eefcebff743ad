import { RowValueError } from '../../errors/projections.ts'
import { columnCodec } from '../columns/column-codec.ts'
import { maxNumberDigits } from '../columns/decimal.ts'
import type { ColumnModel } from '../table-model.ts'

/** A column within the rows of its table. */
export interface Field {
  readonly name: string
  readonly model: ColumnModel
  /** Place in the key; -1 for columns that are no part of it. */
  readonly keyIndex: number
  /** The form in which rows carry a value; null where the column may be null. @throws RowValueError */
  accept(value: unknown): unknown
  /** What stands for a value that was left out. @throws RowValueError when there is nothing */
  fill(): unknown
  /** What an increment begins with. @throws RowValueError as `fill` */
  first(): unknown
  /** The sum of two values; undefined for columns that hold no numbers. @throws RowValueError when it does not fit */
  readonly add: ((a: unknown, b: unknown) => unknown) | undefined
}

/** @param maxBytes for text that is part of the key or of an index */
export function field(table: string, model: ColumnModel, key: readonly string[], maxBytes: number | undefined): Field {
  const { name, nullable } = model
  const { accept: fit, add } = columnCodec(table, model)
  const accept = maxBytes === undefined ? fit : (value: unknown) => shortEnough(table, name, fit(value), maxBytes)
  const zero =
    add !== undefined && !nullable && model.default === undefined ? accept((model.precision ?? 0) > maxNumberDigits ? '0' : 0) : undefined
  const fill = (): unknown => {
    if (model.default !== undefined) return model.default
    if (nullable) return null
    throw new RowValueError(table, name, 'is missing, and has no default')
  }
  return {
    name,
    model,
    keyIndex: key.indexOf(name),
    accept: (value) => {
      if (value !== null) return accept(value)
      if (nullable) return null
      throw new RowValueError(table, name, 'must not be null')
    },
    fill,
    first: () => zero ?? fill(),
    add,
  }
}

function shortEnough(table: string, name: string, value: unknown, maxBytes: number): unknown {
  // A UTF-16 unit is at most three bytes of UTF-8.
  if (typeof value !== 'string' || value.length * 3 <= maxBytes) return value
  const bytes = Buffer.byteLength(value)
  if (bytes <= maxBytes) return value
  throw new RowValueError(table, name, `is part of the key or of an index, and holds ${bytes} bytes: at most ${maxBytes} fit`)
}
