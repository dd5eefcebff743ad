import type { OwnerSession } from './owner-session.ts'

/** A policy as the catalog has it; expressions as PostgreSQL writes them. */
export interface StoredPolicy {
  readonly name: string
  readonly command: string
  readonly permissive: boolean
  readonly roles: readonly string[]
  readonly using: string | null
  readonly check: string | null
}

/** Who may do what with a relation of the schema. */
export interface RelationAccess {
  readonly name: string
  readonly kind: 'table' | 'view' | 'other'
  readonly owner: string
  readonly rowSecurity: boolean
  readonly forced: boolean
  /** Views: they run with their reader's rights. */
  readonly securityInvoker: boolean
  readonly policies: readonly StoredPolicy[]
  /** 'cairn_app: select', 'cairn_app: select (total)', with ' with grant option' where it may be handed on; the owner's left out. */
  readonly grants: readonly string[]
}

/** Every table and view of the schema, whoever owns it, by name; what belongs to extensions is left out. */
export async function readAccessCatalog(session: OwnerSession): Promise<ReadonlyMap<string, RelationAccess>> {
  const rows = await session.query<{ [K in keyof RelationAccess]: RelationAccess[K] }>(
    `select c.relname::text as name, case c.relkind when 'r' then 'table' when 'p' then 'table' when 'v' then 'view' else 'other' end as kind,
            pg_get_userbyid(c.relowner)::text as owner, c.relrowsecurity as "rowSecurity", c.relforcerowsecurity as forced,
            exists (select from pg_options_to_table(c.reloptions) o where o.option_name = 'security_invoker' and o.option_value::boolean)
              as "securityInvoker",
            ${policiesOfTable('c.oid')} as policies,
            array(select case when x.grantee = 0 then 'public' else pg_get_userbyid(x.grantee) end || ': ' || lower(x.privilege_type)
                           || case when x.attribute is null then '' else ' (' || x.attribute || ')' end
                           || case when x.is_grantable then ' with grant option' else '' end
                    from (select t.grantee, t.privilege_type, t.is_grantable, null as attribute from aclexplode(c.relacl) t
                          union all
                          select t.grantee, t.privilege_type, t.is_grantable, a.attname
                            from pg_attribute a, aclexplode(a.attacl) t where a.attrelid = c.oid and not a.attisdropped) x
                   where x.grantee <> c.relowner order by 1) as grants
       from pg_class c
      where c.relnamespace = $1::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')
        and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
      order by 1`,
    [session.schema],
  )
  return new Map(rows.map((row) => [row.name, row]))
}

/** The policies of one table, by name. */
export async function readPolicies(session: OwnerSession, quotedTable: string): Promise<readonly StoredPolicy[]> {
  const [found] = await session.query<{ policies: readonly StoredPolicy[] }>(`select ${policiesOfTable('$1::regclass')} as policies`, [
    quotedTable,
  ])
  return found?.policies ?? []
}

function policiesOfTable(oid: string): string {
  return `coalesce((select json_agg(json_build_object(
      'name', p.polname, 'command', case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end,
      'permissive', p.polpermissive,
      'roles', array(select case r when 0 then 'public' else pg_get_userbyid(r) end from unnest(p.polroles) r order by 1),
      'using', pg_get_expr(p.polqual, p.polrelid), 'check', pg_get_expr(p.polwithcheck, p.polrelid)) order by p.polname)
    from pg_policy p where p.polrelid = ${oid}), '[]')`
}
