import { InvalidInputError, SubscriptionVersionError, type GenerationPlan, type PhysicalTable } from '@cairn/core'
import { generationColumns, lockProjection, type GenerationRow } from './generation-rows.ts'
import { applyReadAccess } from './apply-read-access.ts'
import type { OwnerSession } from './owner-session.ts'
import { makeTable, physicalName } from './table-ddl.ts'

/** Within a transaction. The same plan again finds the build that is under way. @throws SubscriptionVersionError for one older than the live one */
export async function createGeneration(session: OwnerSession, plan: GenerationPlan): Promise<GenerationRow> {
  const generations = await lockProjection(session, plan.projection)
  const live = generations.find(({ state }) => state === 'live')
  if (live !== undefined && live.version > plan.version)
    throw new SubscriptionVersionError(`projection ${plan.projection}`, plan.version, live.version)
  const underWay = generations.find((row) => row.state === 'building' && isSamePlan(row, plan))
  if (underWay !== undefined) return underWay
  await assertNamesFree(session, plan)

  const [numbered] = await session.query<{ generation: number }>(
    'update projections set last_generation = last_generation + 1 where name = $1 returning last_generation as generation',
    [plan.projection],
  )
  const generation = numbered?.generation ?? 1
  const { projection, version, fingerprint, partitions, inline } = plan
  const tables = plan.tables.map((model): PhysicalTable => ({ name: physicalName(model.name, version, generation), model }))
  for (const table of tables) await session.run(makeTable(table, { projection, version, generation }))
  const [row] = await session.query<GenerationRow>(
    `insert into generations (projection, generation, version, fingerprint, state, inline, partitions, side_tenant, types, tables)
     values ($1, $2, $3, $4, 'building', $5, $6, $7, $8, $9) returning ${generationColumns}`,
    [projection, generation, version, fingerprint, inline, partitions, plan.tenantId ?? null, plan.types ?? null, JSON.stringify(tables)],
  )
  if (row === undefined) throw new TypeError('A generation was not stored.')
  for (const table of tables) await applyReadAccess(session, row, table)
  await session.query('select grant_read_models($1)', [projection])
  await session.query(`select subscription_register($1, $2, 'projection', $3, $4, $5, $6, 'rebuilding')`, [
    projection,
    generation,
    version,
    fingerprint,
    partitions,
    plan.startAfter ?? 0,
  ])
  return row
}

export function isSamePlan(row: GenerationRow, plan: GenerationPlan): boolean {
  return (
    row.version === plan.version &&
    row.fingerprint === plan.fingerprint &&
    row.partitions === plan.partitions &&
    row.inline === plan.inline &&
    (row.side_tenant ?? undefined) === plan.tenantId
  )
}

/** A table's name is its view's: nothing else in the schema may have it, and no other projection. */
async function assertNamesFree(session: OwnerSession, { projection, tables }: GenerationPlan): Promise<void> {
  const taken = await session.query<{ table: string; by: string | null }>(
    `select n.name as table,
            (select g.projection from generations g, jsonb_array_elements(g.tables) t
              where g.projection <> $2 and g.state = 'live' and t -> 'model' ->> 'name' = n.name limit 1) as by
       from unnest($1::text[]) n(name)
      where exists (select from pg_class c where c.relnamespace = $3::regnamespace and c.relname = n.name)
        and not exists (select from generations g, jsonb_array_elements(g.tables) t
                         where g.projection = $2 and t -> 'model' ->> 'name' = n.name)`,
    [tables.map((table) => table.name), projection, session.schema],
  )
  const [first] = taken
  if (first === undefined) return
  throw new InvalidInputError(
    'table',
    first.by === null
      ? `Projection ${projection} cannot have a table "${first.table}": schema ${session.schema} has a relation of that name already.`
      : `Projection ${projection} cannot have a table "${first.table}": it belongs to projection ${first.by}, which must give it up first.`,
    { projection, table: first.table },
  )
}
