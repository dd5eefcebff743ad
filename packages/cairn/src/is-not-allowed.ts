import { isCairnError } from '@cairn/core'

/** True for what a login that may not change the schema runs into. */
export function isNotAllowed(error: unknown): boolean {
  // 42501 insufficient_privilege; UNSAFE_DATABASE: roles are missing, and the login may not create or take them.
  return (error instanceof Error && 'code' in error && error.code === '42501') || isCairnError(error, 'CAIRN_UNSAFE_DATABASE')
}
