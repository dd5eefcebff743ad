import { RowValueError } from '../../errors/projections.ts'
import type { ColumnModel } from '../table-model.ts'
import { decimal } from './decimal.ts'
import { describeValue } from './describe-value.ts'
import { jsonCopy, textProblem } from './json-copy.ts'

/** What the row buffer does with the values of one column. */
export interface ColumnCodec {
  /** A value that is not null, in the form in which rows carry it. @throws RowValueError */
  accept(value: unknown): unknown
  /** The sum of two values; undefined for columns that hold no numbers. @throws RowValueError when it does not fit */
  readonly add: ((a: unknown, b: unknown) => unknown) | undefined
}

export function columnCodec(table: string, model: ColumnModel): ColumnCodec {
  const { name, kind } = model
  const refuse = (problem: string): never => {
    throw new RowValueError(table, name, problem)
  }
  const wanted = (what: string, value: unknown): never => refuse(`must be ${what}, not ${describeValue(value)}`)
  const withSum = (what: string, fit: (value: unknown) => unknown, sum: (a: unknown, b: unknown) => unknown): ColumnCodec => ({
    accept: (value) => fit(value) ?? wanted(what, value),
    add: (a, b) => sum(a, b) ?? refuse(`would be ${describeValue(a)} plus ${describeValue(b)}, and must be ${what}`),
  })

  switch (kind) {
    case 'integer':
      return wholeNumber('a whole number of 32 bits', -2_147_483_648, 2_147_483_647, withSum)
    case 'bigint':
      return wholeNumber('a whole number up to 2^53 - 1', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, withSum)
    case 'numeric': {
      const { precision = 0, scale = 0 } = model
      const { fit, add } = decimal(precision, scale)
      return withSum(`${precision > 15 ? 'a decimal as text' : 'a number'} of at most ${precision} digits, ${scale} decimals`, fit, add)
    }
    case 'double':
      return withSum('a finite number', finite, (a, b) => finite(Number(a) + Number(b)))
    case 'text':
      return noNumber((value) => {
        if (typeof value !== 'string') return wanted('text', value)
        const problem = textProblem(value)
        return problem === undefined ? value : refuse(problem)
      })
    case 'boolean':
      return noNumber((value) => (typeof value === 'boolean' ? value : wanted('true or false', value)))
    case 'uuid':
      return noNumber((value) => (typeof value === 'string' && uuidPattern.test(value) ? value.toLowerCase() : wanted('a UUID', value)))
    case 'date':
      return noNumber((value) => (typeof value === 'string' && isDay(value) ? value : wanted("a day as 'YYYY-MM-DD'", value)))
    case 'timestamp':
      return noNumber((value) => moment(value) ?? wanted('a Date, or ISO 8601 text with an offset', value))
    case 'json':
      return noNumber((value) => {
        try {
          return jsonCopy(model.check === undefined ? value : model.check(value))
        } catch (error) {
          return refuse(error instanceof Error ? error.message : String(error))
        }
      })
  }
}

function wholeNumber(
  what: string,
  lowest: number,
  highest: number,
  withSum: (what: string, fit: (value: unknown) => unknown, sum: (a: unknown, b: unknown) => unknown) => ColumnCodec,
): ColumnCodec {
  // Adding 0 makes 0 of -0, which JSON and PostgreSQL do not tell from it.
  const fit = (value: unknown): number | undefined =>
    typeof value === 'number' && Number.isInteger(value) && value >= lowest && value <= highest ? value + 0 : undefined
  return withSum(what, fit, (a, b) => fit(Number(a) + Number(b)))
}

function noNumber(accept: (value: unknown) => unknown): ColumnCodec {
  return { accept, add: undefined }
}

function finite(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value + 0 : undefined
}

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const dayPattern = /^\d{4}-\d{2}-\d{2}$/
const momentPattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})$/

function isDay(text: string): boolean {
  if (!dayPattern.test(text) || text.startsWith('0000')) return false
  const day = new Date(`${text}T00:00:00.000Z`)
  // A day that the month does not have would come back as another.
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text)
}

/** Years 1 to 9999: what ISO 8601 writes with four digits, and PostgreSQL reads. */
function moment(value: unknown): string | undefined {
  if (typeof value === 'string' && !(momentPattern.test(value) && isDay(value.slice(0, 10)))) return undefined
  if (typeof value !== 'string' && !(value instanceof Date)) return undefined
  const at = new Date(value)
  if (Number.isNaN(at.getTime())) return undefined
  const text = at.toISOString()
  return text.length === 24 && !text.startsWith('0000') ? text : undefined
}
