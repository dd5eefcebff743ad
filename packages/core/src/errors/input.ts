import { CairnError } from './cairn-error.ts'

export interface SchemaIssue {
  /** Where in the payload, as `lines.0.quantity`; empty for the payload itself. */
  readonly path: string
  readonly message: string
}

/** A payload does not fit its schema. Nothing was stored. */
export class SchemaValidationError extends CairnError {
  readonly code = 'CAIRN_SCHEMA_VALIDATION'
  readonly retryable = false
  readonly issues: readonly SchemaIssue[]

  constructor(what: string, issues: readonly SchemaIssue[]) {
    super(
      `The payload of ${what} does not fit its schema: ${issues.map((i) => (i.path === '' ? i.message : `${i.path}: ${i.message}`)).join('; ')}`,
      {
        details: { what, issues },
      },
    )
    this.issues = issues
  }
}

/** An id, version, payload or option is not legal; refused before any SQL. */
export class InvalidInputError extends CairnError {
  readonly code = 'CAIRN_INVALID_INPUT'
  readonly retryable = false
  readonly field: string

  constructor(field: string, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message, { details: { field, ...details } })
    this.field = field
  }
}

/** A payload is larger than the limit. */
export class PayloadTooLargeError extends CairnError {
  readonly code = 'CAIRN_PAYLOAD_TOO_LARGE'
  readonly retryable = false

  constructor(what: string, bytes: number, limit: number) {
    super(
      `The payload of ${what} is ${bytes} bytes, over the limit of ${limit}. ` +
        `Store large content elsewhere and put its address in the event, or raise maxPayloadBytes.`,
      { details: { what, bytes, limit } },
    )
  }
}

/** A type name that nothing registered. */
export class UnknownTypeError extends CairnError {
  readonly code = 'CAIRN_UNKNOWN_TYPE'
  readonly retryable = false

  constructor(kind: 'command' | 'event' | 'aggregate' | 'projection' | 'process manager', name: string, nearest: string | undefined) {
    super(
      `No ${kind} "${name}" is registered.${nearest === undefined ? '' : ` Did you mean "${nearest}"?`} Add its domain to createCairn, or correct the name.`,
      { details: { kind, name, nearest } },
    )
  }
}
