import type { Generation, GenerationState, PhysicalTable } from '@cairn/core'
import type { OwnerSession } from './owner-session.ts'

/** A row of `generations`; see db/migrations/0003_projections.sql. */
export interface GenerationRow {
  readonly projection: string
  readonly generation: number
  readonly version: number
  readonly fingerprint: string
  readonly state: GenerationState
  readonly inline: boolean
  readonly partitions: number
  readonly side_tenant: string | null
  readonly types: readonly string[] | null
  readonly tables: readonly PhysicalTable[]
  readonly created_ms: string
  readonly switched_ms: string | null
}

export const generationColumns = `projection, generation, version, fingerprint, state, inline, partitions, side_tenant, types, tables,
  (extract(epoch from created_at) * 1000)::bigint::text as created_ms, (extract(epoch from switched_at) * 1000)::bigint::text as switched_ms`

/** The same for the application, which does not learn whom a side build is for. */
export const publicGenerationColumns: string = generationColumns.replace('side_tenant', 'null::text as side_tenant')

export function toGeneration(row: GenerationRow): Generation {
  return {
    projection: row.projection,
    generation: row.generation,
    version: row.version,
    fingerprint: row.fingerprint,
    state: row.state,
    inline: row.inline,
    tables: row.tables.map(toTable),
    tenantId: row.side_tenant ?? undefined,
    createdAt: new Date(Number(row.created_ms)),
    switchedAt: row.switched_ms === null ? undefined : new Date(Number(row.switched_ms)),
  }
}

/** What JSON leaves out (a default or rules that are undefined) is there again as undefined. */
function toTable({ name, model }: PhysicalTable): PhysicalTable {
  return {
    name,
    model: {
      ...model,
      readAccess: model.readAccess,
      columns: model.columns.map((column) => ({ ...column, default: column.default })),
    },
  }
}

export function readGenerations(session: OwnerSession, projection?: string): Promise<GenerationRow[]> {
  return session.query<GenerationRow>(
    `select ${generationColumns} from generations where $1::text is null or projection = $1 order by projection, generation`,
    [projection ?? null],
  )
}

/**
 * Locks a projection against other makers, switches and drops, to the end of the transaction, and reads its generations.
 * Taken before any other lock.
 */
export async function lockProjection(session: OwnerSession, projection: string): Promise<readonly GenerationRow[]> {
  await session.query('insert into projections (name) values ($1) on conflict do nothing', [projection])
  await session.query('select from projections where name = $1 for update', [projection])
  return readGenerations(session, projection)
}
