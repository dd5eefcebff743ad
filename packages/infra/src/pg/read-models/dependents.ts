import { DependentViewsError, type PhysicalTable } from '@cairn/core'
import type { OwnerSession } from './owner-session.ts'
import { identifier, literal } from './quote.ts'

/** A view of somebody else's that shows one of ours, directly or through others. */
export interface DependentView {
  /** With its schema, quoted. */
  readonly name: string
  readonly kind: 'view' | 'materialized view'
  /** What makes it again, in order: itself, its owner, comments, triggers, indexes, privileges. */
  readonly restore: readonly string[]
}

/** What hangs on a projection's views. */
export interface Dependents {
  /** Each behind those that it shows. */
  readonly views: readonly DependentView[]
  /** Functions, policies, rules and the like, as PostgreSQL describes them: nothing of ours can make these again. */
  readonly others: readonly string[]
}

interface ViewRow {
  readonly oid: string
  readonly name: string
  readonly kind: string
  readonly owner: string
  readonly definition: string
  readonly options: readonly string[] | null
  readonly populated: boolean
  readonly comments: readonly { readonly column: string | null; readonly text: string }[]
  readonly statements: readonly string[]
}

/** Every relation that depends on the views, with its distance from them; then what depends on any of these. */
const reached = `
  with recursive edges as (
    select distinct d.refobjid as source, r.ev_class as target
      from pg_depend d join pg_rewrite r on r.oid = d.objid
     where d.classid = 'pg_rewrite'::regclass and d.refclassid = 'pg_class'::regclass and d.refobjid <> r.ev_class
  ), reached(oid, depth) as (
    select c.oid, 0 from pg_class c where c.relnamespace = $1::regnamespace and c.relkind = 'v' and c.relname = any ($2)
    union
    select e.target, r.depth + 1 from reached r join edges e on e.source = r.oid where r.depth < 100
  ), nodes as (
    select oid, max(depth) as depth from reached group by oid
  )`

export async function findDependents(session: OwnerSession, views: readonly string[]): Promise<Dependents> {
  const parameters = [session.schema, views]
  const found = await session.query<ViewRow>(
    `${reached}
     select c.oid::text, format('%I.%I', n.nspname, c.relname) as name, c.relkind::text as kind, pg_get_userbyid(c.relowner) as owner,
            pg_get_viewdef(c.oid) as definition, c.reloptions as options, c.relispopulated as populated,
            coalesce((select json_agg(json_build_object('column', a.attname, 'text', d.description))
                        from pg_description d left join pg_attribute a on a.attrelid = d.objoid and a.attnum = d.objsubid and a.attnum > 0
                       where d.classoid = 'pg_class'::regclass and d.objoid = c.oid), '[]') as comments,
            array(select pg_get_triggerdef(t.oid) from pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal)
              || array(select pg_get_indexdef(i.indexrelid) from pg_index i where i.indrelid = c.oid) as statements
       from nodes join pg_class c using (oid) join pg_namespace n on n.oid = c.relnamespace
      where nodes.depth > 0 and c.relkind in ('v', 'm')
      order by nodes.depth, name`,
    parameters,
  )
  const others = await session.query<{ what: string }>(
    `${reached}
     select distinct pg_describe_object(d.classid, d.objid, d.objsubid) as what
       from nodes join pg_depend d on d.refclassid = 'pg_class'::regclass and d.refobjid = nodes.oid and d.deptype = 'n'
       left join pg_rewrite r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
       left join pg_class c on c.oid = r.ev_class
      where (d.classid <> 'pg_rewrite'::regclass or r.rulename <> '_RETURN' or c.relkind not in ('v', 'm'))
        and not (d.classid = 'pg_trigger'::regclass)
        and not (d.classid = 'pg_class'::regclass and d.objid in (select indexrelid from pg_index))
      order by what`,
    parameters,
  )
  const privileges = await grantsOn(
    session,
    found.map((row) => row.oid),
  )
  return {
    views: found.map((row) => ({
      name: row.name,
      kind: row.kind === 'm' ? 'materialized view' : 'view',
      restore: restoring(row, privileges.get(row.oid) ?? []),
    })),
    others: others.map(({ what }) => what),
  }
}

/** All that others hang on the views, for people. */
export function namesOf({ views, others }: Dependents): readonly string[] {
  return [...views.map(({ name }) => name), ...others]
}

function restoring(
  { name, kind, owner, definition, options, populated, comments, statements }: ViewRow,
  grants: readonly string[],
): readonly string[] {
  const what = kind === 'm' ? 'materialized view' : 'view'
  const withOptions = options === null || options.length === 0 ? '' : ` with (${options.join(', ')})`
  const query = definition.replace(/;\s*$/, '')
  return [
    `create ${what} ${name}${withOptions} as ${query}${kind === 'm' && !populated ? ' with no data' : ''}`,
    ...statements,
    ...comments.map(({ column, text }) =>
      column === null
        ? `comment on ${what} ${name} is ${literal(text)}`
        : `comment on column ${name}.${identifier(column)} is ${literal(text)}`,
    ),
    ...grants,
    `alter ${what} ${name} owner to ${identifier(owner)}`,
  ]
}

/** GRANT statements by relation: what others than its owner were given on it. */
export async function grantsOn(session: OwnerSession, oids: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
  const rows = await session.query<{
    oid: string
    name: string
    column: string | null
    grantee: string | null
    privilege: string
    grantable: boolean
  }>(
    `select c.oid::text, format('%I.%I', n.nspname, c.relname) as name, x.column, case when x.grantee = 0 then null else pg_get_userbyid(x.grantee) end as grantee,
            x.privilege, x.grantable
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
       cross join lateral (
         select null::name as column, a.grantee, a.privilege_type as privilege, a.is_grantable as grantable from aclexplode(c.relacl) a
         union all
         select t.attname, a.grantee, a.privilege_type, a.is_grantable
           from pg_attribute t, aclexplode(t.attacl) a where t.attrelid = c.oid and t.attnum > 0 and not t.attisdropped
       ) x
      where c.oid = any ($1::oid[]) and x.grantee <> c.relowner`,
    [oids],
  )
  const statements = new Map<string, string[]>()
  for (const { oid, name, column, grantee, privilege, grantable } of rows) {
    const list = statements.get(oid) ?? []
    const on = column === null ? '' : ` (${identifier(column)})`
    list.push(
      `grant ${privilege}${on} on ${name} to ${grantee === null ? 'public' : identifier(grantee)}${grantable ? ' with grant option' : ''}`,
    )
    statements.set(oid, list)
  }
  return statements
}

/** @throws DependentViewsError unless there are none, or they may be and can be made again */
export function assertReplaceable(projection: string, dependents: Dependents, recreate: boolean): void {
  const names = namesOf(dependents)
  if (names.length > 0 && (!recreate || dependents.others.length > 0)) throw new DependentViewsError(projection, names)
}

export function viewNames(tables: readonly PhysicalTable[]): readonly string[] {
  return tables.map(({ model }) => model.name)
}
