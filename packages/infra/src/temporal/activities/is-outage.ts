import { isCairnError } from '@cairn/core'

/** Failures of the surroundings: they say nothing about the command, which stays pending however often they come. */
const outages: ReadonlySet<string> = new Set([
  'CAIRN_DATABASE_UNAVAILABLE',
  'CAIRN_POOL_EXHAUSTED',
  'CAIRN_STOPPED',
  // While a failover lasts, the address may lead to the standby.
  'CAIRN_UNSAFE_DATABASE',
])

export function isOutage(error: unknown): boolean {
  return isCairnError(error) && outages.has(error.code)
}

/** Failures that may pass: outages, and conflicts that outlasted the bus's own tries. A rule of the business that may pass was tried by the bus. */
export function mayPass(error: unknown): boolean {
  return isOutage(error) || (isCairnError(error) && error.retryable && error.code !== 'CAIRN_BUSINESS_RULE')
}
