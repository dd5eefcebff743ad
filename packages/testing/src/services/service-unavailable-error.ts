import { CairnError } from '@cairn/core'

/** A service that tests need cannot be had on this machine; says which, why, and what would help. */
export class ServiceUnavailableError extends CairnError {
  readonly code = 'CAIRN_TEST_SERVICE_UNAVAILABLE'
  readonly retryable = false

  constructor(service: string, problem: string, cause?: unknown) {
    super(problem, { details: { service }, cause })
  }
}
