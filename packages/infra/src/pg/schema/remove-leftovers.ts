import type { Client } from 'pg'

/** Stands as a comment on each function and view that Cairn's files made, so that a later version knows which to remove. */
const mark = 'Made by Cairn’s migration, which replaces and removes it.'

interface Found {
  readonly kind: 'view' | 'routine'
  /** As DROP and COMMENT name it, with its arguments. */
  readonly name: string
  readonly made: boolean
  readonly marked: boolean
}

/**
 * Within the transaction that has just made all functions and views from their files: removes those that an earlier version
 * of the files made and this one no longer does (a removed function, an overload with other arguments), and marks the rest.
 * Everything else in the schema stays: read models and their views, what users made, what belongs to an extension. Something
 * of a user's that depends on what goes stops the migration: PostgreSQL's error names it.
 * @returns what was removed
 */
export async function removeLeftovers(client: Client, schema: string): Promise<readonly string[]> {
  const { rows } = await client.query<Found>(
    // A row that CREATE OR REPLACE has written was written by this transaction.
    `select 'view' as kind, c.oid::regclass::text as name, c.xmin = pg_current_xact_id()::xid as made,
            obj_description(c.oid, 'pg_class') is not distinct from $2 as marked
       from pg_class c where c.relnamespace = $1::regnamespace and c.relkind = 'v' and pg_get_userbyid(c.relowner) = current_user
     union all
     select 'routine', p.oid::regprocedure::text, p.xmin = pg_current_xact_id()::xid,
            obj_description(p.oid, 'pg_proc') is not distinct from $2
       from pg_proc p where p.pronamespace = $1::regnamespace and pg_get_userbyid(p.proowner) = current_user
     order by kind desc, name`,
    [schema, mark],
  )
  const leftovers = rows.filter(({ made, marked }) => marked && !made)
  for (const kind of ['view', 'routine'] as const) {
    const names = leftovers.filter((found) => found.kind === kind).map(({ name }) => name)
    // In one statement, so that they may depend on each other.
    if (names.length > 0) await client.query(`drop ${kind} ${names.join(', ')}`)
  }
  const unmarked = rows.filter(({ made, marked }) => made && !marked)
  if (unmarked.length > 0) await client.query(unmarked.map(({ kind, name }) => `comment on ${kind} ${name} is '${mark}'`).join('; '))
  return leftovers.map(({ name }) => name)
}
