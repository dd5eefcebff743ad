import { queryOnce } from '../../../support/query-once.ts'

export interface CatalogRelation {
  readonly name: string
  readonly kind: 'table' | 'view' | 'materialized view' | 'sequence' | 'other'
  readonly columns: readonly string[]
}

/** Everything in the schema that can be selected from. */
export async function relationsIn(url: string, schema: string): Promise<CatalogRelation[]> {
  return queryOnce<CatalogRelation & Record<string, unknown>>(
    url,
    `select c.relname::text as name,
            case c.relkind when 'r' then 'table' when 'p' then 'table' when 'v' then 'view' when 'm' then 'materialized view'
                           when 'S' then 'sequence' else 'other' end as kind,
            array(select a.attname::text from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns
       from pg_class c where c.relnamespace = $1::regnamespace and c.relkind not in ('i', 'I', 'c', 't') order by 1`,
    [schema],
  )
}

export interface CatalogFunction {
  readonly name: string
  /** As `cairn.tenants()`. */
  readonly signature: string
  readonly owner: string
  readonly definer: boolean
  readonly isTrigger: boolean
  /** Its own settings, as `search_path=cairn, pg_temp`. */
  readonly settings: readonly string[]
  readonly publicMayExecute: boolean
  readonly appMayExecute: boolean
  /** Input arguments in order. */
  readonly arguments: readonly { readonly name: string; readonly type: string }[]
}

export async function functionsIn(url: string, schema: string): Promise<CatalogFunction[]> {
  return queryOnce<CatalogFunction & Record<string, unknown>>(
    url,
    `select p.proname::text as name, p.oid::regprocedure::text as signature, p.proowner::regrole::text as owner, p.prosecdef as definer,
            p.prorettype = 'trigger'::regtype as "isTrigger", coalesce(p.proconfig, '{}') as settings,
            p.proacl is null or exists (select from aclexplode(p.proacl) a where a.grantee = 0) as "publicMayExecute",
            has_function_privilege($1 || '_app', p.oid, 'execute') as "appMayExecute",
            coalesce((select json_agg(json_build_object('name', p.proargnames[i], 'type', format_type(t, null)) order by i)
               from unnest(p.proargtypes) with ordinality a(t, i)), '[]') as arguments
       from pg_proc p where p.pronamespace = $1::regnamespace order by 2`,
    [schema],
  )
}
