/**
 * What an append expects of its stream. A number is the exact version (0 = the stream must not exist),
 * `'any'` checks nothing, `'exists'` wants at least one event.
 */
export type ExpectedVersion = number | 'any' | 'exists'

/** True when a stream at `actual` (0 = no stream) meets the expectation. */
export function matchesExpectedVersion(expected: ExpectedVersion, actual: number): boolean {
  if (expected === 'any') return true
  return expected === 'exists' ? actual > 0 : expected === actual
}
