import { versionedSchema, type VersionedSchema } from '../upcasting/versioned-schema.ts'

/** One command type at run time. */
export interface CommandModel extends VersionedSchema {
  /** Full type: 'order.create'. */
  readonly type: string
  /** Short name: 'create'. */
  readonly name: string
  readonly aggregateType: string
  /** True when the stream must not exist yet. */
  readonly creates: boolean
}

/** @throws DefinitionError when the schema is not JSON-stable */
export function commandModel(aggregateType: string, name: string, definition: unknown, creates: boolean): CommandModel {
  const type = `${aggregateType}.${name}`
  return { type, name, aggregateType, creates, ...versionedSchema(`command ${type}`, definition) }
}
