import { InvalidInputError } from '../errors/index.ts'

export const pumpFilterOperators = ['eq', 'neq', 'lt', 'lte', 'gt', 'gte', 'in'] as const
export type PumpFilterOperator = (typeof pumpFilterOperators)[number]

/** `column=operator.value`, taken apart. */
export interface PumpFilter {
  readonly column: string
  readonly operator: PumpFilterOperator
  /** One, or for `in` as many as it names. */
  readonly values: readonly string[]
}

const shape = /^(?<column>[^=]+)=(?<operator>[a-z]+)\.(?<value>[\s\S]*)$/
/** As PostgreSQL reads a number. */
const numeral = /^-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/

/** @throws InvalidInputError naming what is wrong */
export function parsePumpFilter(text: string): PumpFilter {
  const { column = '', operator = '', value = '' } = shape.exec(text)?.groups ?? {}
  if (column === '') throw refuse(text, 'is not of the form column=operator.value')
  const known = pumpFilterOperators.find((one) => one === operator)
  if (known === undefined) throw refuse(text, `has the operator "${operator}"; there are ${pumpFilterOperators.join(', ')}`)
  if (known !== 'in') return { column, operator: known, values: [value] }
  if (!value.startsWith('(') || !value.endsWith(')')) throw refuse(text, 'needs its values in brackets: in.(a,b)')
  return { column, operator: known, values: listOf(text, value.slice(1, -1)) }
}

/**
 * True for a row that passes. Where the column holds a JSON number and the value reads as one, they are compared as numbers, else as
 * texts, by their bytes. A column that is null, missing, a list or an object matches nothing, `neq` included. The function
 * change_matches of db/functions says the same in SQL.
 */
export function matchesPumpFilter({ column, operator, values }: PumpFilter, row: unknown): boolean {
  const cell = typeof row === 'object' && row !== null ? Reflect.get(row, column) : undefined
  if (cell === null || cell === undefined || typeof cell === 'object') return false
  return operator === 'in' ? values.some((value) => compare(cell, value) === 0) : passes(operator, compare(cell, values[0] ?? ''))
}

function passes(operator: Exclude<PumpFilterOperator, 'in'>, order: number): boolean {
  switch (operator) {
    case 'eq':
      return order === 0
    case 'neq':
      return order !== 0
    case 'lt':
      return order < 0
    case 'lte':
      return order <= 0
    case 'gt':
      return order > 0
    case 'gte':
      return order >= 0
  }
}

function compare(cell: unknown, value: string): number {
  if (typeof cell === 'number' && numeral.test(value)) return cell - Number(value)
  return Buffer.compare(Buffer.from(String(cell)), Buffer.from(value))
}

/** Values separated by commas; one in double quotes may hold commas, and quotes behind a backslash. */
function listOf(text: string, list: string): readonly string[] {
  const values: string[] = []
  const item = /\s*(?:"((?:[^"\\]|\\.)*)"|([^,"]*))\s*(,|$)/gy
  for (let ended = false; !ended;) {
    const found = item.exec(list)
    if (found === null) throw refuse(text, 'has a list that cannot be read')
    const [, quoted, plain = '', end] = found
    values.push(quoted === undefined ? plain.trim() : quoted.replaceAll(/\\(.)/g, '$1'))
    ended = end === ''
  }
  return values
}

function refuse(text: string, why: string): InvalidInputError {
  return new InvalidInputError('eventSpec.filter', `The filter "${text}" ${why}.`)
}
