import { describeStream, RowShape, RowValueError, type RecordedEvent, type TableModel } from '@cairn/core'

/** How a projection's partition key is made. */
export type PartitionKey =
  | 'none'
  | 'stream'
  | ((event: never) => unknown)
  | { readonly table: TableModel; readonly row: (event: RecordedEvent) => unknown }

export interface EventKey {
  /** For the fingerprint. */
  readonly how: 'none' | 'stream' | 'row' | 'custom'
  keyOf(event: RecordedEvent): string
}

/**
 * Keys carry the tenant, since rows do: two tenants' events never wait for each other. Two keys may read the same when their
 * parts hold slashes; they then share a partition and wait for each other, and nothing else happens.
 */
export function eventKey(projection: string, key: PartitionKey): EventKey {
  if (key === 'none') return { how: 'none', keyOf: () => '' }
  if (key === 'stream') return { how: 'stream', keyOf: describeStream }
  if (typeof key === 'function') {
    const custom = key as (event: RecordedEvent) => unknown
    return {
      how: 'custom',
      keyOf: (event) => {
        const value = custom(event)
        if (typeof value === 'string') return `${event.tenantId}/${value}`
        throw new RowValueError(projection, 'partitionBy', `must make text of ${event.type}, and made ${typeof value}`)
      },
    }
  }
  const shape = new RowShape(key.table)
  return {
    how: 'row',
    keyOf: (event) => {
      const value = key.row(event)
      // As rows carry it: two spellings of one key are one row.
      return `${event.tenantId}/${value === undefined ? '' : shape.keyOf(value).join('/')}`
    },
  }
}
