import { literal, readAll, statements, type Attack, type AttackGround } from './attack.ts'

/** A function that tells all it is given, and looks so cheap that a planner would call it first. */
const tell = `create function pg_temp.tell(anyelement) returns boolean language plpgsql immutable cost 0.0000001 as
  $$ begin raise notice 'told %', $1; return true; end $$`

const each = (ground: AttackGround, statement: (relation: string) => string): string[] => ground.relations.map(statement)

/** Functions, views, operators and statements of one's own. */
export const ownCode: readonly Attack[] = [
  statements('asks plainly, for the victim by name too', (ground) => [
    ...readAll(ground),
    ...each(ground, (relation) => `select * from ${relation} where tenant_id = 'bravo' or true`),
    ...each(ground, (relation) => `table ${relation}`),
  ]),
  statements('reads by a leaky function in WHERE, JOIN, HAVING, ORDER BY and a window', (ground) => [
    tell,
    ...each(ground, (r) => `select 1 from ${r} t where pg_temp.tell(to_jsonb(t)::text)`),
    ...each(ground, (r) => `select 1 from (select 1) o join ${r} t on pg_temp.tell(t::text) and t.tenant_id = 'bravo'`),
    ...each(ground, (r) => `select 1 from (select 1) o left join ${r} t on pg_temp.tell(t::text)`),
    ...each(ground, (r) => `select tenant_id from ${r} t group by tenant_id having pg_temp.tell(string_agg(t::text, ' '))`),
    ...each(ground, (r) => `select 1 from ${r} t order by pg_temp.tell(t::text)`),
    ...each(ground, (r) => `select count(*) over (partition by pg_temp.tell(t::text)) from ${r} t`),
    ...each(ground, (r) => `select exists (select from ${r} t where case when pg_temp.tell(t::text) then true end)`),
  ]),
  statements('reads by a leaky operator that claims to be restrictive', (ground) => [
    `create function pg_temp.told(text, text) returns boolean language plpgsql immutable cost 0.0000001 as
       $$ begin raise notice 'told % %', $1, $2; return true; end $$`,
    `create operator pg_temp.<<< (function = pg_temp.told, leftarg = text, rightarg = text, restrict = scalarltsel, join = scalarltjoinsel)`,
    ...each(ground, (r) => `select 1 from ${r} t where t::text operator(pg_temp.<<<) 'x'`),
    ...each(ground, (r) => `explain select 1 from ${r} t where t.tenant_id operator(pg_temp.<<<) 'x'`),
    `explain select 1 from ${ground.schema}.events where user_id operator(pg_temp.<<<) 'x'`,
    `explain select 1 from ${ground.schema}.events a join ${ground.schema}.events b on a.user_id operator(pg_temp.<<<) b.type`,
  ]),
  statements('reads by an aggregate of its own', (ground) => [
    `create function pg_temp.gather(text, anyelement) returns text language sql immutable as $$ select $1 || $2::text $$`,
    `create aggregate pg_temp.gathered(anyelement) (sfunc = pg_temp.gather, stype = text, initcond = '')`,
    ...each(ground, (r) => `select pg_temp.gathered(to_jsonb(t)) from ${r} t`),
  ]),
  statements('reads by views of its own, with and without barriers', (ground) => [
    ...['', 'with (security_barrier = false)', 'with (security_invoker = false)', 'with (security_invoker = true)'].flatMap((options, v) =>
      ground.relations.flatMap((r, i) => [
        `create temp view v${v}_${i} ${options} as select * from ${r} where tenant_id is not null`,
        `select to_jsonb(t) from pg_temp.v${v}_${i} t where tenant_id <> 'nobody'`,
      ]),
    ),
    ...each(ground, (r) => `with recursive t as (select to_jsonb(x) as j from ${r} x union select j from t) select * from t`),
  ]),
  statements('reads by functions with its own rights', (ground) =>
    ground.relations.flatMap((r, i) => [
      `create function pg_temp.definer${i}() returns setof jsonb language sql security definer as 'select to_jsonb(t) from ${r} t'`,
      `select pg_temp.definer${i}()`,
      `create function pg_temp.inlined${i}() returns setof ${r} language sql stable as 'select * from ${r}'`,
      `select * from pg_temp.inlined${i}()`,
    ]),
  ),
  statements('copies rows into tables of its own', (ground) =>
    ground.relations.flatMap((r, i) => [
      `create temp table copy${i} as select * from ${r}`,
      `select to_jsonb(t) from copy${i} t`,
      `select * into temp into${i} from ${r}`,
      `table into${i}`,
    ]),
  ),
  statements('copies rows out', (ground) =>
    ground.relations.flatMap((r) => [
      `copy (select * from ${r}) to stdout`,
      `copy ${r} to stdout`,
      `copy (select * from ${r}) to program 'cat'`,
    ]),
  ),
  statements('reads rows by XML functions', (ground) => [
    ...each(ground, (r) => `select query_to_xml('select * from ${r}', true, true, '')`),
    ...each(ground, (r) => `select table_to_xml('${r}', true, true, '')`),
    `select schema_to_xml('${ground.schema}', true, true, '')`,
  ]),
  statements('makes errors that quote the row', (ground) => [
    ...each(ground, (r) => `select 1 from ${r} t where (t::text)::int = 1`),
    ...each(ground, (r) => `select 1 from ${r} t where tenant_id = 'bravo' and (t::text)::uuid is not null`),
    ...each(
      ground,
      (r) => `select 1 / (case when tenant_id = 'bravo' then 0 else 1 end), (t::text)::int from ${r} t where tenant_id = 'bravo'`,
    ),
    ...each(ground, (r) => `select 1 from ${r} t where ('{' || t::text)::jsonb is not null`),
    `select 1 from ${ground.schema}.events where (payload ->> 'mark')::int > 0`,
    `select 1 from ${ground.schema}.events where user_id::int > 0 order by user_id::int`,
  ]),
  statements('asks by place on disk, by sample and by long lists', (ground) => [
    ...each(ground, (r) => `select to_jsonb(t) from ${r} t where ctid in ('(0,1)', '(0,2)', '(0,3)', '(0,4)', '(0,5)', '(0,6)')`),
    ...each(ground, (r) => `select to_jsonb(t), ctid, xmin, tableoid from ${r} t where ctid >= '(0,0)'`),
    ...each(ground, (r) => `select to_jsonb(t) from ${r} t tablesample system (100)`),
    ...each(
      ground,
      (r) => `select to_jsonb(t) from ${r} t where tenant_id in (${Array.from({ length: 5_000 }, (_, i) => `'t${i}'`).join()}, 'bravo')`,
    ),
    ...each(ground, (r) => `select to_jsonb(t) from unnest(array['alpha', 'bravo']) x join ${r} t on t.tenant_id = x`),
    ...each(ground, (r) => `select to_jsonb(t) from ${r} t for share`),
  ]),
  statements('reads with parallel workers, compiled, and with every plan forced', (ground) => [
    'set parallel_setup_cost = 0',
    'set parallel_tuple_cost = 0',
    'set min_parallel_table_scan_size = 0',
    'set max_parallel_workers_per_gather = 4',
    'set jit_above_cost = 0',
    ...['force_parallel_mode', 'debug_parallel_query'].map((setting) => `set ${setting} = on`),
    ...readAll(ground),
    ...each(ground, (r) => `select string_agg(t::text, ' ') from ${r} t`),
    ...['enable_indexscan', 'enable_bitmapscan', 'enable_indexonlyscan', 'enable_hashjoin', 'enable_nestloop'].map((s) => `set ${s} = off`),
    ...readAll(ground),
  ]),
  {
    title: 'runs statements that the victim prepared and planned on the same session',
    async run(session, { relations, own, victim }) {
      await session.enter(victim)
      for (const mode of ['force_generic_plan', 'auto']) {
        await session.try(`set plan_cache_mode = ${mode}`)
        for (const [i, relation] of relations.entries()) {
          await session.try(`prepare ${mode}_${i} as select to_jsonb(t) from ${relation} t`)
          for (let times = 0; times < 7; times++) await session.try(`execute ${mode}_${i}`)
        }
      }
      await session.enter(own)
      session.forget()
      for (const i of relations.keys()) await session.tryAll([`execute force_generic_plan_${i}`, `execute auto_${i}`])
      await session.enter({ context: victim.context, signature: own.signature })
      for (const i of relations.keys()) await session.tryAll([`execute force_generic_plan_${i}`, `execute auto_${i}`])
    },
  },
  {
    title: 'goes on with cursors under another context',
    async run(session, { relations, victim }) {
      await session.try('begin')
      for (const [i, relation] of relations.entries())
        await session.try(`declare c${i} scroll cursor for select to_jsonb(t) from ${relation} t`)
      await session.try(`select set_config('cairn.context', ${literal(victim.context)}, false)`)
      for (const i of relations.keys()) await session.tryAll([`fetch all c${i}`, `fetch backward all c${i}`])
    },
  },
]
