import { types } from 'pg'
import { parse as parseArray } from 'postgres-array'
import { createTypeParserPreset, type ClientConfigurationInput } from 'slonik'

type DriverTypeParser = NonNullable<ClientConfigurationInput['typeParsers']>[number]

/** Versions and positions are numbers in Cairn; one that does not fit is an error, never a rounded number. */
export const safeInt8: DriverTypeParser = {
  name: 'int8',
  parse: (text) => {
    const value = Number(text)
    if (!Number.isSafeInteger(value)) throw new RangeError(`The database answered ${text}, which is beyond the safe integers.`)
    return value
  },
}

/** For users' SQL: slonik's own presets (dates as milliseconds, numeric as number), and bigint as above. */
export const userTypeParsers: readonly DriverTypeParser[] = [
  ...createTypeParserPreset().filter((parser) => parser.name !== 'int8'),
  safeInt8,
]

/** Types that a parser may be given for, with their arrays. These numbers are part of PostgreSQL's catalog and never change. */
const oids: Readonly<Record<string, { readonly one: number; readonly many: number }>> = {
  int8: { one: 20, many: 1016 },
  date: { one: 1082, many: 1182 },
  timestamp: { one: 1114, many: 1115 },
  timestamptz: { one: 1184, many: 1185 },
  interval: { one: 1186, many: 1187 },
  numeric: { one: 1700, many: 1231 },
}

type ParseText = (text: string) => unknown

/** What pg asks for each column of an answer. */
export function parserLookup(parsers: readonly DriverTypeParser[]): (oid: number) => ParseText {
  const own = new Map<number, ParseText>()
  for (const { name, parse } of parsers) {
    const oid = oids[name]
    if (oid === undefined) throw new TypeError(`No type parser can be given for ${name}.`)
    own.set(oid.one, parse)
    own.set(oid.many, (text) => parseArray(text, parse))
  }
  return (oid) => own.get(oid) ?? types.getTypeParser(oid)
}
