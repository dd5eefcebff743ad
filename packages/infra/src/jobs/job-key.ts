import type { Command } from '@cairn/core'

/**
 * What the jobs of one aggregate share, and no others': pg-boss works on one job of a key at a time. The separator and the sign
 * that encodes it are encoded. db/functions/068-handed-commands.sql writes the same.
 */
export function jobKey({ tenantId, aggregateType, aggregateId }: Pick<Command, 'tenantId' | 'aggregateType' | 'aggregateId'>): string {
  return `${encode(tenantId)}/${encode(aggregateType)}/${encode(aggregateId)}`
}

function encode(part: string): string {
  return part.replaceAll('%', '%25').replaceAll('/', '%2F')
}
