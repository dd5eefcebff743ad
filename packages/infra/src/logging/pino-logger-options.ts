import { InvalidInputError, type LogFields } from '@cairn/core'

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

/** Where lines are written to; any writable stream will do. */
export interface LogDestination {
  write(line: string): void
}

export interface PinoLoggerOptions {
  /** Lines below it are not written. @default LOG_LEVEL, else 'info' */
  readonly level?: LogLevel
  /** Errors go to standard error instead of standard output. @default true where LOG_ERRORS_TO_STDERR is 1 or true */
  readonly errorsToStderr?: boolean
  /** What every line carries. */
  readonly fields?: LogFields
  /** @default standard output */
  readonly output?: LogDestination
  /** Where errors go with `errorsToStderr`. @default standard error */
  readonly errorOutput?: LogDestination
  /** Where LOG_LEVEL and LOG_ERRORS_TO_STDERR are read. @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>
}

export interface ResolvedPinoLoggerOptions {
  readonly level: LogLevel
  readonly errorsToStderr: boolean
  readonly fields: LogFields
}

/** @throws InvalidInputError naming the option or the variable */
export function resolvePinoLoggerOptions(options: PinoLoggerOptions): ResolvedPinoLoggerOptions {
  const env = options.env ?? process.env
  return Object.freeze({
    level: options.level === undefined ? levelOf('LOG_LEVEL', env['LOG_LEVEL'] || 'info') : levelOf('level', options.level),
    errorsToStderr: options.errorsToStderr ?? flagOf('LOG_ERRORS_TO_STDERR', env['LOG_ERRORS_TO_STDERR']),
    fields: options.fields ?? {},
  })
}

function levelOf(field: string, text: string): LogLevel {
  const level = logLevels.find((known) => known === text.toLowerCase())
  if (level === undefined) throw new InvalidInputError(field, `${field} must be one of ${logLevels.join(', ')}, not "${text}".`)
  return level
}

function flagOf(field: string, text: string = ''): boolean {
  if (['1', 'true'].includes(text.toLowerCase())) return true
  if (['', '0', 'false'].includes(text.toLowerCase())) return false
  throw new InvalidInputError(field, `${field} must be 1, true, 0 or false, not "${text}".`)
}
