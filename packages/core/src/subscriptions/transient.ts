import { isCairnError } from '../errors/cairn-error.ts'

/** Failures of the way to the database, of its locks, or of the way to the server that runs workflows: they say nothing about the event, however often they come. */
const codes: ReadonlySet<string> = new Set([
  'CAIRN_DATABASE_UNAVAILABLE',
  'CAIRN_POOL_EXHAUSTED',
  'CAIRN_ROUTER_FULL',
  'CAIRN_STOPPED',
  'CAIRN_TEMPORAL_UNAVAILABLE',
  'CAIRN_TRANSACTION_ROLLED_BACK',
  // During a failover the address may lead to the standby for a while.
  'CAIRN_UNSAFE_DATABASE',
])

/** True where the error, or one that it was made from, is such a failure. */
export function isTransient(error: unknown): boolean {
  return hasCode(error, (code) => codes.has(code))
}

/** True where the error, or one that it was made from, says that another process has taken over. */
export function isLeaseLost(error: unknown): boolean {
  return hasCode(error, (code) => code === 'CAIRN_LEASE_LOST')
}

function hasCode(error: unknown, matches: (code: string) => boolean): boolean {
  let current = error
  for (let depth = 0; depth < 8 && current instanceof Error; depth++) {
    if (isCairnError(current) && matches(current.code)) return true
    current = current.cause
  }
  return false
}
