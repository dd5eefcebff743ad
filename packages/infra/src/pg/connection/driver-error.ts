import {
  BackendTerminatedError,
  BackendTerminatedUnexpectedlyError,
  CheckExclusionConstraintViolationError,
  CheckIntegrityConstraintViolationError,
  ForeignKeyIntegrityConstraintViolationError,
  IdleTransactionTimeoutError,
  InputSyntaxError,
  InvalidInputError,
  NotNullIntegrityConstraintViolationError,
  StatementCancelledError,
  StatementTimeoutError,
  UniqueIntegrityConstraintViolationError,
} from 'slonik'
import { isSystemError } from './sql-state.ts'

interface Statement {
  readonly sql: string
  readonly values: readonly never[]
}

/** slonik's own class for each SQLSTATE that it has one for: what users' code catches, and how slonik sees that a session ended. */
const byState: Readonly<Record<string, (error: Error, statement: Statement) => Error>> = {
  '22P02': (error) => new InvalidInputError(error.message),
  '23502': (error) => new NotNullIntegrityConstraintViolationError(error),
  '23503': (error) => new ForeignKeyIntegrityConstraintViolationError(error),
  '23505': (error) => new UniqueIntegrityConstraintViolationError(error),
  '23514': (error) => new CheckIntegrityConstraintViolationError(error),
  '23P01': (error) => new CheckExclusionConstraintViolationError(error),
  '25P03': (error) => new IdleTransactionTimeoutError(error),
  '42601': (error, statement) => new InputSyntaxError(error, statement),
  // One state for both; only the text tells them apart.
  '57014': (error) => (error.message.includes('user request') ? new StatementCancelledError(error) : new StatementTimeoutError(error)),
  '57P01': (error) => new BackendTerminatedError(error),
}

/** An error of pg as slonik expects a driver to throw it. */
export function driverError(error: unknown, sql: string): Error {
  if (!(error instanceof Error)) return new Error(String(error))
  if (/connection terminated unexpectedly/i.test(error.message)) return new BackendTerminatedUnexpectedlyError(error)
  if (/connection terminated/i.test(error.message)) return new BackendTerminatedError(error)
  // A class of slonik's tells it from a socket of a user's own, to a mail server say.
  if (isSystemError(error)) return new BackendTerminatedUnexpectedlyError(error)
  const state = 'code' in error && typeof error.code === 'string' ? error.code : ''
  return byState[state]?.(error, { sql, values: [] }) ?? error
}
