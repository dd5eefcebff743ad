import { createHash } from 'node:crypto'
import type { PhysicalTable, TableModel } from '@cairn/core'
import type { GenerationRow } from './generation-rows.ts'
import type { OwnerSession } from './owner-session.ts'
import { applyPolicies, policiesHash, policiesOf } from './read-access-sql.ts'

/** Within a transaction: leaves a table with the policies that its model says and no others, and writes that into the log. */
export async function applyReadAccess(
  session: OwnerSession,
  { projection, generation, inline }: Pick<GenerationRow, 'projection' | 'generation' | 'inline'>,
  table: PhysicalTable,
): Promise<void> {
  const policies = policiesOf(table.model, inline, session.roles)
  const present = await session.query<{ name: string }>('select polname as name from pg_policy where polrelid = $1::regclass', [
    quoteForRegclass(table.name),
  ])
  await session.run(
    applyPolicies(
      table.name,
      present.map(({ name }) => name),
      policies,
    ),
  )
  await session.query(
    'insert into read_access_log (projection, generation, table_name, code_hash, catalog_hash) values ($1, $2, $3, $4, $5)',
    [projection, generation, table.name, policiesHash(policies), await catalogHash(session, table.name)],
  )
}

/** Of what the catalog has of a table's row-level security, as PostgreSQL writes it. */
export async function catalogHash(session: OwnerSession, table: string): Promise<string> {
  const [found] = await session.query<{ text: string }>(
    `select json_build_array(c.relrowsecurity, (
       select json_agg(json_build_array(p.polname, p.polcmd, p.polpermissive, array(select r::regrole::text from unnest(p.polroles) r order by 1),
                                        pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) order by p.polname)
         from pg_policy p where p.polrelid = c.oid))::text || case when c.relforcerowsecurity then ' forced' else '' end as text
       from pg_class c where c.oid = $1::regclass`,
    [quoteForRegclass(table)],
  )
  return createHash('sha256')
    .update(found?.text ?? '')
    .digest('hex')
}

/** A name as the cast to regclass reads it. */
export function quoteForRegclass(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/**
 * Within a transaction: brings the policies of a generation's tables in line with the rules of these models, where they are
 * not, or (`force`) in any case. Answers the tables that were changed.
 */
export async function syncReadAccess(
  session: OwnerSession,
  generation: GenerationRow,
  models: readonly TableModel[],
  force: boolean,
): Promise<readonly string[]> {
  const changed: string[] = []
  for (const { name, model } of generation.tables) {
    const declared = models.find((candidate) => candidate.name === model.name)
    const table = { name, model: { ...model, readAccess: declared?.readAccess } }
    const { codeHash, catalogHash: stored, present } = await readStoredAccess(session, name)
    const wanted = policiesHash(policiesOf(table.model, generation.inline, session.roles))
    if (!force && codeHash === wanted && stored === present) continue
    await applyReadAccess(session, generation, table)
    await storeModel(session, generation, table)
    changed.push(name)
  }
  return changed
}

/** Keeps what the code says of a table now. */
export async function storeModel(session: OwnerSession, { projection, generation }: GenerationRow, table: PhysicalTable): Promise<void> {
  await session.query(
    `update generations g
        set tables = (select jsonb_agg(case when t.value ->> 'name' = $3 then $4::jsonb else t.value end order by t.ordinality)
                        from jsonb_array_elements(g.tables) with ordinality t)
      where g.projection = $1 and g.generation = $2`,
    [projection, generation, table.name, JSON.stringify(table)],
  )
}

export interface StoredAccess {
  /** Hashes of the last time that policies were written; undefined before the first. */
  readonly codeHash: string | undefined
  readonly catalogHash: string | undefined
  /** As the catalog is now. */
  readonly present: string
}

export async function readStoredAccess(session: OwnerSession, table: string): Promise<StoredAccess> {
  const [last] = await session.query<{ code_hash: string; catalog_hash: string }>(
    'select code_hash, catalog_hash from read_access_log where table_name = $1 order by id desc limit 1',
    [table],
  )
  return { codeHash: last?.code_hash, catalogHash: last?.catalog_hash, present: await catalogHash(session, table) }
}
