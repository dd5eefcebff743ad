import {
  ProjectionProcessor,
  type PhysicalTable,
  type ProjectionDefinition,
  type RecordedEvent,
  type RowStorePort,
  type RowWrites,
} from '@cairn/core'

export interface ProjectEventsOptions {
  /** The tables as they exist, by projection and logical name. @default the logical names */
  readonly tablesOf?: (projection: ProjectionDefinition) => readonly PhysicalTable[]
}

/** What one projection made of the events. */
export interface ProjectedEvents {
  readonly projection: string
  /** How many of the events it handled. */
  readonly events: number
  /** What was written, by logical table name. */
  readonly written: Readonly<Record<string, RowWrites>>
}

/**
 * Applies events, ascending by position and lifted to the newest schema, to projections, at once and without a subscription:
 * for tests and tools. Each projection gets those of its types, in order, and its writes are one call for each table. One that
 * fails writes nothing and does not keep the others from going on.
 * @throws what failed; AggregateError when several did. The others' rows are written.
 */
export async function projectEvents(
  projections: ProjectionDefinition | readonly ProjectionDefinition[],
  events: readonly RecordedEvent[],
  rows: RowStorePort,
  options: ProjectEventsOptions = {},
): Promise<readonly ProjectedEvents[]> {
  const list = 'apply' in projections ? [projections] : projections
  const results = await Promise.allSettled(list.map((projection) => project(projection, events, rows, options)))
  const failures = results.flatMap((result): readonly unknown[] => (result.status === 'rejected' ? [result.reason] : []))
  if (failures.length === 1) throw failures[0]
  if (failures.length > 1) throw new AggregateError(failures, `${failures.length} of ${list.length} projections failed.`)
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
}

async function project(
  definition: ProjectionDefinition,
  events: readonly RecordedEvent[],
  rows: RowStorePort,
  { tablesOf = logicalTables }: ProjectEventsOptions,
): Promise<ProjectedEvents> {
  const own = events.filter(({ type }) => definition.types.includes(type))
  const processor = new ProjectionProcessor({ definition, partition: 0, tables: tablesOf(definition), rows })
  const written: Record<string, RowWrites> = {}
  await processor.handle(own)
  await processor.commit({
    rows: {
      load: (table, keys) => rows.load(table, keys),
      write: async (table, writes) => {
        await rows.write(table, writes)
        written[table.model.name] = writes
      },
    },
  })
  return { projection: definition.name, events: own.length, written }
}

function logicalTables(definition: ProjectionDefinition): readonly PhysicalTable[] {
  return [...definition.tables.values()].map((model) => ({ name: model.name, model }))
}
