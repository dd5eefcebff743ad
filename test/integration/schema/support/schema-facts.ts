import { queryOnce } from '../../../support/query-once.ts'

/** Who may do what, in an order that does not tell how it came about. */
const privileges = (acl: string): string =>
  `(select string_agg(concat(grantee, ':', privilege), ' ' order by grantee, privilege) from (
      select distinct case when grantee = 0 then 'public' else grantee::regrole::text end as grantee, privilege_type as privilege from aclexplode(${acl})) x)`

/** All that makes a schema what it is, as text: two that are equal work alike. */
export async function schemaFacts(url: string, schema: string): Promise<readonly string[]> {
  const rows = await queryOnce<{ fact: string }>(
    url,
    `with facts as (
       select concat_ws(' ', 'column', c.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull) as fact
         from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        where c.relnamespace = $1::text::regnamespace and c.relkind in ('r', 'v')
       union all
       select concat_ws(' ', 'relation', relname, relkind, relrowsecurity, relowner::regrole, ${privileges('relacl')})
         from pg_class where relnamespace = $1::text::regnamespace
       union all
       select concat_ws(' ', 'function', oid::regprocedure, md5(replace(prosrc, $1::text, '<schema>')), prosecdef, proowner::regrole, proconfig, ${privileges('proacl')})
         from pg_proc where pronamespace = $1::text::regnamespace
       union all
       select concat_ws(' ', 'policy', tablename, policyname, roles, cmd, qual) from pg_policies where schemaname = $1::text
       union all
       select concat_ws(' ', 'trigger', tgrelid::regclass, tgname, tgenabled) from pg_trigger t join pg_class c on c.oid = t.tgrelid
        where c.relnamespace = $1::text::regnamespace and not tgisinternal
       union all
       select concat_ws(' ', 'schema', nspowner::regrole, ${privileges('nspacl')}) from pg_namespace where nspname = $1::text
     )
     -- The schema's own name taken out, so that schemas can be compared.
     select replace(fact, $1::text, '<schema>') as fact from facts order by 1`,
    [schema],
  )
  return rows.map(({ fact }) => fact)
}
