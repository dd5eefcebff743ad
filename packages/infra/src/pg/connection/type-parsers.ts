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
