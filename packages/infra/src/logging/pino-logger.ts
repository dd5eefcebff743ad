import type { LogFields, LoggerPort } from '@cairn/core'
import { pino, type Logger } from 'pino'
import { resolvePinoLoggerOptions, type PinoLoggerOptions } from './pino-logger-options.ts'
import { serializeError } from './serialize-error.ts'

/**
 * Structured logging: one JSON line for each call, with `level`, `time` (ISO 8601), `message` and the fields of the
 * logger, of its parents and of the call.
 * @throws InvalidInputError when an option or a variable is not legal
 */
export function pinoLogger(options: PinoLoggerOptions = {}): LoggerPort {
  const { level, errorsToStderr, fields } = resolvePinoLoggerOptions(options)
  const output = options.output ?? pino.destination(1)
  const destination = errorsToStderr
    ? pino.multistream(
        [
          { level: 'trace', stream: output },
          { level: 'error', stream: options.errorOutput ?? pino.destination(2) },
        ],
        // Each line goes to one of the two, not to both.
        { dedupe: true },
      )
    : output
  const logger = pino(
    {
      level,
      // No pid and host name: whoever collects the lines knows where they come from.
      base: null,
      messageKey: 'message',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: (error: unknown) => serializeError(error) },
    },
    destination,
  )
  return new PinoLogger(logger.child(fields))
}

class PinoLogger implements LoggerPort {
  readonly #logger: Logger

  constructor(logger: Logger) {
    this.#logger = logger
  }

  debug(message: string, fields?: LogFields): void {
    this.#write('debug', message, fields)
  }

  info(message: string, fields?: LogFields): void {
    this.#write('info', message, fields)
  }

  warn(message: string, fields?: LogFields): void {
    this.#write('warn', message, fields)
  }

  error(message: string, fields?: LogFields): void {
    this.#write('error', message, fields)
  }

  child(fields: LogFields): LoggerPort {
    return new PinoLogger(this.#logger.child(fields))
  }

  /** A line that cannot be written as asked (a field whose getter throws, say) must not take its caller down with it. */
  #write(level: 'debug' | 'info' | 'warn' | 'error', message: string, fields: LogFields = {}): void {
    try {
      this.#logger[level](fields, message)
    } catch (error) {
      this.#logger[level]({ unloggable: String(error) }, message)
    }
  }
}
