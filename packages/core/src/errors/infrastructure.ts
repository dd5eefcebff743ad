import { CairnError, type ErrorDetails } from './cairn-error.ts'

/**
 * The database cannot be reached, went away, or cannot do its work now. Nothing was half-done, but the whole may have been done where
 * the answer was lost: the same call may be made again, and takes effect once where it has a command id.
 */
export class DatabaseUnavailableError extends CairnError {
  readonly code = 'CAIRN_DATABASE_UNAVAILABLE'
  readonly retryable = true

  constructor(what: string, cause: unknown, problem = 'could not be reached') {
    super(`The database ${problem} for ${what}. Nothing was half-done; call again, with the same command id.`, { cause })
  }
}

/**
 * The server stopped a statement of Cairn's: it met a limit that was set for the login (`statement_timeout`, `temp_file_limit`), or
 * somebody cancelled it. Nothing was done, and the same call may succeed. But a statement that costs too much meets its limit every
 * time: so this counts as a failed try, and is not waited out as an outage is.
 */
export class StatementStoppedError extends CairnError {
  readonly code = 'CAIRN_STATEMENT_STOPPED'
  readonly retryable = true

  constructor(what: string, sqlState: string, cause: unknown) {
    super(
      `The database stopped ${what} (SQLSTATE ${sqlState}): it met a limit of the login, or was cancelled. Nothing was done; ` +
        'call again, and where it happens each time, let the statement cost less or raise the limit.',
      { details: { sqlState }, cause },
    )
  }
}

/** All connections were busy for longer than the pool's timeout. */
export class PoolExhaustedError extends CairnError {
  readonly code = 'CAIRN_POOL_EXHAUSTED'
  readonly retryable = true

  constructor(timeoutMs: number, cause?: unknown) {
    super(`No database connection became free within ${timeoutMs} ms. Raise the pool's size, or send less at once.`, {
      details: { timeoutMs },
      cause,
    })
  }
}

/** The database is set up in a way that Cairn's guarantees do not survive; the boot is refused. */
export class UnsafeDatabaseError extends CairnError {
  readonly code = 'CAIRN_UNSAFE_DATABASE'
  readonly retryable = false

  constructor(problem: string, remedy: string, details: ErrorDetails = {}) {
    super(`${problem} ${remedy}`, { details })
  }
}

/** The schema in the database and this version of Cairn do not fit. */
export class SchemaVersionError extends CairnError {
  readonly code = 'CAIRN_SCHEMA_VERSION'
  readonly retryable = false

  constructor(problem: string, details: ErrorDetails = {}) {
    super(problem, { details })
  }
}

/** A command may not move from its status to the one asked for. */
export class IllegalStatusError extends CairnError {
  readonly code = 'CAIRN_ILLEGAL_STATUS'
  readonly retryable = false

  constructor(commandId: string, from: string | undefined, to: string) {
    super(
      from === undefined
        ? `Command ${commandId} is not stored, so it cannot become ${to}.`
        : `Command ${commandId} is ${from} and cannot become ${to}.`,
      { details: { commandId, from, to } },
    )
  }
}

/** The app was stopped; no new work is taken. */
export class StoppedError extends CairnError {
  readonly code = 'CAIRN_STOPPED'
  readonly retryable = false

  constructor(what: string) {
    super(`${what} is stopped and takes no new work.`)
  }
}

/** A stored command had not ended in the time allowed. It goes on by itself. */
export class CommandWaitTimeoutError extends CairnError {
  readonly code = 'CAIRN_COMMAND_WAIT_TIMEOUT'
  readonly retryable = true

  constructor(tenantId: string, commandId: string, status: string | undefined, timeoutMs: number) {
    super(
      `Command ${commandId} of tenant ${tenantId} had not ended after ${timeoutMs} ms: ` +
        `${status === undefined ? 'it is not stored' : `it is ${status}`}. It goes on by itself; look again, or see whether a worker runs.`,
      { details: { tenantId, commandId, status, timeoutMs } },
    )
  }
}
