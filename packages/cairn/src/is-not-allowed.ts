import { isCairnError } from '@cairn/core'

/** True for what a login runs into that may not change the schema, or do what it was asked for. */
export function isNotAllowed(error: unknown): boolean {
  // UNSAFE_DATABASE: roles are missing, and the login may not create or take them.
  if (isCairnError(error, 'CAIRN_UNSAFE_DATABASE')) return true
  for (let e = error, depth = 0; e instanceof Error && depth < 8; e = e.cause, depth++) {
    // insufficient_privilege
    if ('code' in e && e.code === '42501') return true
  }
  return false
}
