import {
  CommandIdReusedError,
  describeStream,
  DuplicateCommandError,
  InvalidInputError,
  StreamClosedError,
  VersionConflictError,
  type ExpectedVersion,
  type StreamKey,
} from '@cairn/core'
import type { AppendOutcome } from './append-entry.ts'

/** The error that an append's caller gets for an outcome that stored nothing. */
export function refusal(stream: StreamKey, expected: ExpectedVersion, outcome: AppendOutcome, commandId = ''): Error {
  switch (outcome.kind) {
    case 'conflict':
      return new VersionConflictError(stream, expected, outcome.actual)
    case 'closed':
      return new StreamClosedError(stream)
    case 'reused':
      return new CommandIdReusedError(stream.tenantId, commandId)
    case 'snapshot-ahead':
      return new InvalidInputError(
        'snapshot.version',
        `The snapshot of stream ${describeStream(stream)} is ahead of it, which ends at ${outcome.version}.`,
      )
    case 'duplicate':
      return new DuplicateCommandError(stream, commandId)
    default:
      return new TypeError(`An append ended as ${outcome.kind}, which it cannot.`)
  }
}
