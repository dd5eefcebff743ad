import type { OwnerSession } from './owner-session.ts'

/** A physical table or a view as the catalog has it. */
export interface CatalogRelation {
  readonly name: string
  readonly kind: 'table' | 'view'
  readonly columns: readonly CatalogColumn[]
  /** Columns of the primary key, in order. */
  readonly key: readonly string[]
  /** Columns of each other index that can be used. */
  readonly indexes: readonly (readonly string[])[]
  /** What roles may do, as 'cairn_app: select', sorted; the owner left out. */
  readonly grants: readonly string[]
  /** Views: the tables they show, and whether they run with their reader's rights. */
  readonly shows: readonly string[]
  readonly securityInvoker: boolean
}

export interface CatalogColumn {
  readonly name: string
  readonly type: string
  readonly nullable: boolean
}

/** The ordinary tables and views of the schema that belong to its owner, by name. */
export async function readCatalog(session: OwnerSession): Promise<ReadonlyMap<string, CatalogRelation>> {
  const rows = await session.query<{ [K in keyof CatalogRelation]: CatalogRelation[K] }>(
    `select c.relname::text as name, case c.relkind when 'r' then 'table' else 'view' end as kind,
            coalesce((select json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'nullable', not a.attnotnull)
                                      order by a.attnum)
                        from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), '[]') as columns,
            coalesce((select array(select a.attname::text from unnest(i.indkey) with ordinality k(attnum, n)
                                     join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum order by k.n)
                        from pg_index i where i.indrelid = c.oid and i.indisprimary), '{}') as key,
            coalesce((select json_agg(array(select a.attname from unnest(i.indkey) with ordinality k(attnum, n)
                                              join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum order by k.n))
                        from pg_index i where i.indrelid = c.oid and not i.indisprimary and i.indisvalid and i.indpred is null and i.indexprs is null), '[]') as indexes,
            array(select case when x.grantee = 0 then 'public' else pg_get_userbyid(x.grantee) end || ': ' || lower(x.privilege_type)
                    from aclexplode(c.relacl) x where x.grantee <> c.relowner order by 1) as grants,
            array(select distinct t.relname::text from pg_rewrite r join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
                    join pg_class t on d.refclassid = 'pg_class'::regclass and t.oid = d.refobjid and t.oid <> c.oid
                   where r.ev_class = c.oid order by 1) as shows,
            coalesce('security_invoker=true' = any (c.reloptions), false) as "securityInvoker"
       from pg_class c
      where c.relnamespace = $1::regnamespace and c.relkind in ('r', 'v') and pg_get_userbyid(c.relowner) = $2`,
    [session.schema, session.roles.owner],
  )
  return new Map(rows.map((row) => [row.name, row]))
}
