/** Where log lines go. Fields are JSON-stable; `error` holds an Error. Never throws. */
export interface LoggerPort {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
  /** A logger whose every line carries these fields too. */
  child(fields: LogFields): LoggerPort
}

export interface LogFields {
  readonly tenantId?: string
  readonly correlationId?: string
  readonly component?: string
  readonly error?: unknown
  readonly [key: string]: unknown
}

/** Says nothing. */
export const silentLogger: LoggerPort = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
}
