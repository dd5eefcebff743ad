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

/** The command id was used before, for another command. */
export class CommandIdReusedError extends CairnError {
  readonly code = 'CAIRN_COMMAND_ID_REUSED'
  readonly retryable = false

  constructor(tenantId: string, commandId: string) {
    super(
      `Command id ${commandId} of tenant ${tenantId} was already used for a command with another type, target or payload. ` +
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
