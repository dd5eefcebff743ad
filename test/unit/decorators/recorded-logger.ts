import type { LogFields, LoggerPort } from '@cairn/core'

export interface RecordedLine extends LogFields {
  readonly level: string
  readonly message: string
}

/** A logger that keeps its lines. */
export class RecordedLogger implements LoggerPort {
  readonly lines: RecordedLine[]
  readonly #fields: LogFields

  constructor(lines: RecordedLine[] = [], fields: LogFields = {}) {
    this.lines = lines
    this.#fields = fields
  }

  debug(message: string, fields: LogFields = {}): void {
    this.lines.push({ ...this.#fields, ...fields, level: 'debug', message })
  }

  info(message: string, fields: LogFields = {}): void {
    this.lines.push({ ...this.#fields, ...fields, level: 'info', message })
  }

  warn(message: string, fields: LogFields = {}): void {
    this.lines.push({ ...this.#fields, ...fields, level: 'warn', message })
  }

  error(message: string, fields: LogFields = {}): void {
    this.lines.push({ ...this.#fields, ...fields, level: 'error', message })
  }

  child(fields: LogFields): LoggerPort {
    return new RecordedLogger(this.lines, { ...this.#fields, ...fields })
  }
}
