import { createHash } from 'node:crypto'

/**
 * Advisory locks of inline projections, as bigint keys. The horizon's locks are of the other kind, two integers.
 *
 * 'switch': shared by appends, exclusive for whoever changes which generation is live.
 * 'bulk': shared by appends that lock single rows, exclusive for one that would lock too many of them.
 */
export function projectionLock(schema: string, projection: string, what: 'switch' | 'bulk'): string {
  return lockKey(['cairn inline', what, schema, projection])
}

/** A row, whether it is there or not: two appends that make one row must not both find it missing. */
export function rowLock(schema: string, table: string, tenantId: string, key: readonly unknown[]): bigint {
  return BigInt(lockKey(['cairn inline row', schema, table, tenantId, ...key.map(String)]))
}

function lockKey(parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\0')).digest().readBigInt64BE().toString()
}
