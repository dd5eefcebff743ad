import {
  InlineProjectionError,
  ProjectionProcessor,
  type Generation,
  type InlineTarget,
  type InlineWriter,
  type PhysicalTable,
  type ProjectionDefinition,
  type RecordedEvent,
  type RowStorePort,
} from '@cairn/core'
import { assertOwnGeneration } from './assert-own-generation.ts'
import { boundTables } from './bound-tables.ts'

/** The projections whose rows are written in the transaction of the append. */
export class InlineProjections implements InlineWriter {
  readonly types: ReadonlySet<string>
  readonly #definitions: readonly ProjectionDefinition[]
  readonly #lift: (event: RecordedEvent) => RecordedEvent
  readonly #tables = new Map<string, { readonly generation: number; readonly tables: readonly PhysicalTable[] }>()

  constructor(definitions: readonly ProjectionDefinition[], lift: (event: RecordedEvent) => RecordedEvent) {
    this.types = new Set(definitions.flatMap(({ types }) => types))
    this.#definitions = definitions
    this.#lift = lift
  }

  async write(events: readonly RecordedEvent[], open: (projection: string) => Promise<InlineTarget>): Promise<void> {
    // In one order for all, so that two appends that both write two projections wait for each other in one direction only.
    for (const definition of this.#definitions) {
      const own = events.filter(({ type }) => definition.types.includes(type))
      if (own.length > 0) await this.#project(definition, own, await open(definition.name))
    }
  }

  async #project(definition: ProjectionDefinition, events: readonly RecordedEvent[], { generation, rows }: InlineTarget): Promise<void> {
    assertOwnGeneration(definition, generation)
    const watched = new WatchedRows(rows)
    const tables = this.#tablesOf(definition, generation)
    const processor = new ProjectionProcessor({ definition, partition: 0, tables, rows: watched })
    try {
      await processor.handle(events.map((event) => this.#lift(event)))
      await processor.commit({ rows: watched })
    } catch (error) {
      // A deadlock, say, is the database's affair: the append is tried again.
      if (watched.failure !== undefined) throw watched.failure.error
      throw new InlineProjectionError(definition.name, events, error)
    }
  }

  /** The same objects each time: statements are made once for each table. */
  #tablesOf(definition: ProjectionDefinition, generation: Generation): readonly PhysicalTable[] {
    const known = this.#tables.get(definition.name)
    if (known?.generation === generation.generation) return known.tables
    const tables = boundTables(definition, generation)
    this.#tables.set(definition.name, { generation: generation.generation, tables })
    return tables
  }
}

/** Remembers a failure of the database, which handlers that wait for rows would otherwise pass off as theirs. */
class WatchedRows implements RowStorePort {
  readonly #rows: RowStorePort
  failure: { readonly error: unknown } | undefined

  constructor(rows: RowStorePort) {
    this.#rows = rows
  }

  load(...args: Parameters<RowStorePort['load']>): ReturnType<RowStorePort['load']> {
    return this.#watch(this.#rows.load(...args))
  }

  write(...args: Parameters<RowStorePort['write']>): ReturnType<RowStorePort['write']> {
    return this.#watch(this.#rows.write(...args))
  }

  async #watch<T>(work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (error) {
      this.failure ??= { error }
      throw error
    }
  }
}
