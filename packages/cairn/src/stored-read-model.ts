import type { Comparable, FindRows, Reader, ReadModelPort, RowValues } from '@cairn/core'
import type { FindOptions, Page, ReadModel } from './read-model.ts'
import type { Guard } from './subscriptions/stored-subscription-control.ts'

/** A table of an app without its types, which `Cairn.readModel` gives. */
export function storedReadModel(
  port: ReadModelPort,
  reader: Reader,
  table: string,
  guard: Guard,
): ReadModel<RowValues, Comparable | readonly Comparable[]> {
  return {
    get: (key) => guard(() => port.get(reader, table, key)),
    find: (options = {}): Promise<Page<RowValues>> => guard(() => port.find(reader, table, toFindRows(options))),
  }
}

function toFindRows({ where, orderBy, limit, after }: FindOptions<RowValues>): FindRows {
  const conditions: Record<string, NonNullable<FindRows['where']>[string]> = {}
  for (const [column, condition] of Object.entries(where ?? {})) if (condition !== undefined) conditions[column] = condition
  return { where: conditions, orderBy: typeof orderBy === 'string' ? [orderBy] : orderBy, limit, after }
}
