import { isCairnError } from './cairn-error.ts'

const codes: ReadonlySet<string> = new Set([
  'CAIRN_DATABASE_UNAVAILABLE',
  'CAIRN_POOL_EXHAUSTED',
  'CAIRN_STOPPED',
  // While a failover lasts, the address may lead to the standby.
  'CAIRN_UNSAFE_DATABASE',
])

/** Failures of the surroundings: they say nothing about a command, which stays pending however often they come. */
export function isOutage(error: unknown): boolean {
  return isCairnError(error) && codes.has(error.code)
}
