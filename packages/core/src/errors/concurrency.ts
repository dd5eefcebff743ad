import type { ExpectedVersion } from '../contracts/expected-version.ts'
import { describeStream, type StreamKey } from '../contracts/stream-key.ts'
import { CairnError } from './cairn-error.ts'

/** Somebody else appended first. Reload, decide again, append again. */
export class VersionConflictError extends CairnError {
  readonly code = 'CAIRN_VERSION_CONFLICT'
  readonly retryable = true
  readonly expected: ExpectedVersion
  /** The stream's version now; 0 when it does not exist. */
  readonly actual: number

  constructor(stream: StreamKey, expected: ExpectedVersion, actual: number) {
    super(
      `Stream ${describeStream(stream)} is at version ${actual}, but ${expected} was expected. ` +
        `Load it again, decide again and append with the new version.`,
      { details: { stream, expected, actual } },
    )
    this.expected = expected
    this.actual = actual
  }
}

/** A command that creates an aggregate met one that exists already. Final: the command is not decided again. */
export class AggregateExistsError extends CairnError {
  readonly code = 'CAIRN_AGGREGATE_EXISTS'
  readonly retryable = false
  /** The stream's version now. */
  readonly actual: number

  constructor(stream: StreamKey, commandType: string, actual: number) {
    super(
      `${commandType} creates ${describeStream(stream)}, but it exists already, at version ${actual}. ` +
        `Choose another id, or send a command that changes it.`,
      { details: { stream, commandType, actual } },
    )
    this.actual = actual
  }
}

/** The stream was closed: its history stays readable, nothing can be added. */
export class StreamClosedError extends CairnError {
  readonly code = 'CAIRN_STREAM_CLOSED'
  readonly retryable = false

  constructor(stream: StreamKey) {
    super(`Stream ${describeStream(stream)} is closed: it can be read, but nothing can be appended to it.`, {
      details: { stream },
    })
  }
}

/** The command id was used before: for another command, or for a row written with SQL alone that no worker has admitted yet. */
export class CommandIdReusedError extends CairnError {
  readonly code = 'CAIRN_COMMAND_ID_REUSED'
  readonly retryable = false

  constructor(tenantId: string, commandId: string) {
    super(
      `Command id ${commandId} of tenant ${tenantId} was already used for a command with another type, target or payload, ` +
        `or for a row written with SQL alone that no worker has admitted yet. ` +
        `Send each new command with a new id.`,
      { details: { tenantId, commandId } },
    )
  }
}

/** A value that must be unique in its scope (an e-mail address, say) is taken. */
export class ReservationTakenError extends CairnError {
  readonly code = 'CAIRN_RESERVATION_TAKEN'
  readonly retryable = false

  constructor(tenantId: string, scope: string, key: string) {
    super(`"${key}" is already reserved in scope "${scope}" of tenant ${tenantId}. Choose another value, or release it first.`, {
      details: { tenantId, scope, key },
    })
  }
}

/** Somebody else held the stream's row for longer than we may wait. Nothing was stored. */
export class StreamBusyError extends CairnError {
  readonly code = 'CAIRN_STREAM_BUSY'
  readonly retryable = true

  constructor(stream: StreamKey, waitedMs: number, cause?: unknown) {
    super(
      `Stream ${describeStream(stream)} was held by another transaction for more than ${waitedMs} ms. Nothing was stored; call again, or find the long transaction in pg_stat_activity.`,
      { details: { stream, waitedMs }, cause },
    )
  }
}

/** In a transaction: the command took effect in the meantime, in another transaction. Nothing of this one was stored; the next try finds the first result. */
export class DuplicateCommandError extends CairnError {
  readonly code = 'CAIRN_DUPLICATE_COMMAND'
  readonly retryable = true

  constructor(stream: StreamKey, commandId: string) {
    super(
      `Command ${commandId} took effect on stream ${describeStream(stream)} while this transaction ran. Nothing of this transaction was stored; run it again to get the first result.`,
      { details: { stream, commandId } },
    )
  }
}

/** A transaction met another one (a deadlock, a lock that was not given up in time) and was rolled back as a whole. */
export class TransactionRolledBackError extends CairnError {
  readonly code = 'CAIRN_TRANSACTION_ROLLED_BACK'
  readonly retryable = true

  constructor(what: string, cause: unknown) {
    super(`The database rolled back ${what} because another transaction was in its way. Nothing was stored; run it again.`, {
      details: { what },
      cause,
    })
  }
}
