import { isCairnError } from '@cairn/core'

/** How many causes of causes a log line carries. */
const maxDepth = 5

/**
 * An error as a log line carries it: name, message, stack, a code where it has one, what a Cairn error adds (details,
 * retryable), its cause, and the members of an AggregateError. Anything thrown that is no Error is shown as it is.
 */
export function serializeError(error: unknown, depth: number = 0): unknown {
  if (!(error instanceof Error)) return error
  const more = depth < maxDepth
  return {
    name: error.name,
    message: error.message,
    ...('code' in error && (typeof error.code === 'string' || typeof error.code === 'number') ? { code: error.code } : {}),
    ...(isCairnError(error) ? { retryable: error.retryable, details: error.details } : {}),
    stack: error.stack,
    ...(more && error.cause !== undefined ? { cause: serializeError(error.cause, depth + 1) } : {}),
    ...(more && error instanceof AggregateError ? { errors: error.errors.map((inner) => serializeError(inner, depth + 1)) } : {}),
  }
}
