import { isCairnError, isOutage } from '@cairn/core'

/** Failures that may pass: outages, and conflicts that outlasted the bus's own tries. A rule of the business that may pass was tried by the bus. */
export function mayPass(error: unknown): boolean {
  return isOutage(error) || (isCairnError(error) && error.retryable && error.code !== 'CAIRN_BUSINESS_RULE')
}
