import { versionedSchema, type ReadOptions, type VersionedSchema } from '../upcasting/versioned-schema.ts'

/** One event type at run time, with every version of its payload. */
export interface EventModel extends VersionedSchema {
  /** Full type: 'order.created'. */
  readonly type: string
  /** Short name: 'created'. */
  readonly name: string
  readonly aggregateType: string
}

/** @throws DefinitionError when a schema is not JSON-stable or the chain is not whole */
export function eventModel(aggregateType: string, name: string, definition: unknown, options?: ReadOptions): EventModel {
  const type = `${aggregateType}.${name}`
  return { type, name, aggregateType, ...versionedSchema(`event ${type}`, definition, options) }
}
