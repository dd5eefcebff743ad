/** Details of a failure, for programs: ids, paths, versions. JSON-stable. */
export type ErrorDetails = Readonly<Record<string, unknown>>

export interface CairnErrorOptions {
  readonly details?: ErrorDetails
  readonly cause?: unknown
}

/**
 * The root of every error that Cairn throws. Test `code`, or use the guard `isCairnError(error, code)`: unlike
 * `instanceof`, both survive duplicate copies of the package and serialisation.
 */
export abstract class CairnError extends Error {
  /** Stable name of the failure; each is listed in docs/reference/errors.md. */
  abstract readonly code: string
  /** True when the same call may succeed later without a change. */
  abstract readonly retryable: boolean
  readonly details: ErrorDetails

  constructor(message: string, options: CairnErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.details = options.details ?? {}
  }
}

/** True for a Cairn error, of the given code when one is named. */
export function isCairnError(error: unknown, code?: string): error is CairnError {
  if (!(error instanceof Error) || !('code' in error) || !('retryable' in error)) return false
  return code === undefined ? typeof error.code === 'string' && error.code.startsWith('CAIRN_') : error.code === code
}
