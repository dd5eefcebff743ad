import { isCairnError, type ErrorDetails } from './cairn-error.ts'

/**
 * True where a process met what newer code has stored: a schema version above those it knows, or an event of a type that it does not
 * know. A rolling deploy may be under way, and another process may know it: this says nothing about the command.
 */
export function isNewer(error: unknown): boolean {
  if (!isCairnError(error)) return false
  // One of another make may have none.
  const details = error.details as ErrorDetails | undefined
  const { fromVersion, newest, kind } = details ?? {}
  if (error.code === 'CAIRN_UPCAST') return typeof fromVersion === 'number' && typeof newest === 'number' && fromVersion > newest
  return error.code === 'CAIRN_UNKNOWN_TYPE' && kind === 'event'
}
