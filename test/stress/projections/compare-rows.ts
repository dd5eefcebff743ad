import { createHash } from 'node:crypto'
import {
  InMemoryRowStore,
  ProjectionProcessor,
  type Generation,
  type LogReaderPort,
  type ProjectionDefinition,
  type RecordedEvent,
  type StoredRow,
} from '@cairn/core'
import { PgLogReader, PgProjectionStore, PooledRowStore, type PgDatabase } from '@cairn/infra/pg'
import type { Client } from 'pg'
import { only } from '../support/admin.ts'
import type { CheckDatabase } from '../support/check-database.ts'

export interface ComparedRows {
  readonly tables: number
  readonly rows: number
  /** Tables whose rows are not those of the fold, key by key, value by value, position by position. */
  readonly mismatches: number
}

interface CompareOptions {
  readonly db: PgDatabase
  readonly admin: Client
  readonly database: CheckDatabase
  readonly projections: readonly ProjectionDefinition[]
  readonly lift: (event: RecordedEvent) => RecordedEvent
}

/** Compares the live tables of projections with a fold of the whole log in memory, by hash. Nobody may be writing. */
export async function compareWithFold({ db, admin, database, projections, lift }: CompareOptions): Promise<ComparedRows> {
  const reader = new PgLogReader(db)
  const generations = await storeOf(database).generations()
  const loader = new PooledRowStore(db)
  let [tables, rows, mismatches] = [0, 0, 0]
  for (const definition of projections) {
    const live = generations.find(({ projection, state }) => projection === definition.name && state === 'live')
    const folded = await fold(reader, definition, lift)
    for (const { model, name } of live?.tables ?? []) {
      const expected = folded.rows(model.name)
      const stored = await loader.load({ model, name }, expected)
      const { count } = await only<{ count: string }>(admin, `select count(*) from ${database.schema}.${name}`)
      tables++
      rows += Number(count)
      if (Number(count) !== expected.length || hashOf(expected) !== hashOf(stored)) mismatches++
    }
    if (live === undefined) mismatches++
  }
  return { tables, rows, mismatches }
}

/** Compares the live tables with those that were built before them, by the database's own hash. */
export async function compareGenerations(database: CheckDatabase, projections: readonly ProjectionDefinition[]): Promise<number> {
  const store = storeOf(database)
  let mismatches = 0
  for (const { name } of projections) {
    const generations = await store.generations(name)
    const digest = async (state: Generation['state']): Promise<string> => {
      const generation = generations.findLast((one) => one.state === state)
      if (generation === undefined) return state
      const digests = await store.digest(generation)
      return JSON.stringify(digests.map(({ rows, hash }) => [rows, hash]))
    }
    if ((await digest('live')) !== (await digest('previous'))) mismatches++
  }
  return mismatches
}

/** The rows that a projection makes of the log, by logical table. */
async function fold(
  reader: LogReaderPort,
  definition: ProjectionDefinition,
  lift: (event: RecordedEvent) => RecordedEvent,
): Promise<InMemoryRowStore> {
  const rows = new InMemoryRowStore()
  const tables = [...definition.tables.values()].map((model) => ({ name: model.name, model }))
  const processor = new ProjectionProcessor({ definition, partition: 0, tables, rows })
  for (let after = 0; ;) {
    const page = await reader.read({ after, limit: 5_000, types: definition.types })
    await processor.handle(page.events.map(lift))
    await processor.commit({ rows })
    processor.committed()
    after = page.next
    if (after >= page.horizon) return rows
  }
}

function hashOf(rows: readonly (StoredRow | undefined)[]): string {
  const hash = createHash('sha256')
  for (const row of rows) {
    const values = Object.entries(row?.values ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1))
    hash.update(`${JSON.stringify([row?.tenantId, row?.key, values, row?.position])}\n`)
  }
  return hash.digest('hex')
}

function storeOf({ url, schema }: CheckDatabase): PgProjectionStore {
  return new PgProjectionStore({ url, schema })
}
