import {
  projectionFingerprint,
  ProjectionProcessor,
  UnknownTableError,
  type Consumer,
  type FailurePolicy,
  type PhysicalTable,
  type ProjectionDefinition,
  type RowStorePort,
} from '@cairn/core'

export interface ProjectionConsumerOptions {
  readonly definition: ProjectionDefinition
  /** The build that it feeds: its number, and its tables as they exist. */
  readonly generation: { readonly generation: number; readonly tables: readonly PhysicalTable[] }
  /** Where rows are read, outside of transactions. */
  readonly rows: Pick<RowStorePort, 'load'>
  /** Rows of each table that stay in memory between commits, in each partition. @default 50_000 */
  readonly cacheRows?: number | undefined
  /** About how many bytes they may take, of all tables of a partition together. @default 67_108_864 */
  readonly cacheBytes?: number | undefined
  /** A generation that is built beside the live one: it starts as 'rebuilding', and stops at an event that fails. @default false */
  readonly rebuilding?: boolean | undefined
}

/** A generation of a projection as the subscription engine runs it. Its effects are rows, and nothing else. */
export function projectionConsumer(options: ProjectionConsumerOptions): Consumer {
  const { definition, generation, rows, cacheRows, cacheBytes, rebuilding = false } = options
  const tables = [...definition.tables.values()].map((model) => ({ name: physicalName(definition, generation.tables, model.name), model }))
  const failure: FailurePolicy = rebuilding ? { ...definition.failure, onExhausted: 'stop' } : definition.failure
  return {
    spec: {
      key: { name: definition.name, generation: generation.generation },
      kind: 'projection',
      version: definition.version,
      fingerprint: projectionFingerprint(definition),
      partitions: definition.partitions,
      startAfter: 0,
      initialState: rebuilding ? 'rebuilding' : 'new',
    },
    types: definition.types,
    keyOf: (event) => definition.keyOf(event),
    failure,
    open: ({ partition }) => new ProjectionProcessor({ definition, partition, tables, rows, cacheRows, cacheBytes }),
  }
}

/** The tables' models are the code's: what the database keeps of them has no schemas of json columns. */
function physicalName(definition: ProjectionDefinition, tables: readonly PhysicalTable[], logical: string): string {
  const physical = tables.find(({ model }) => model.name === logical)
  if (physical !== undefined) return physical.name
  throw new UnknownTableError(
    `${definition.name} (generation)`,
    logical,
    tables.map(({ model }) => model.name),
  )
}
