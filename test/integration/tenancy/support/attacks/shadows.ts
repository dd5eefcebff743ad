import { createHmac } from 'node:crypto'
import { disguise, literal, statements, type Attack, type AttackGround } from './attack.ts'

/** A key of the attacker's, its HMAC paddings, and the victim's context signed with it. */
const ownKey = Buffer.alloc(32, 7)
const padded = Buffer.concat([ownKey, Buffer.alloc(32)])
const padding = (byte: number): string => String.raw`'\x${Buffer.from(padded.map((b) => b ^ byte)).toString('hex')}'::bytea`
const enter = ({ schema, victim }: AttackGround): string[] => {
  const signature = createHmac('sha256', ownKey).update(victim.context).digest('hex')
  return [
    `select ${schema}.enter_context(${literal(victim.context)}, ${literal(signature)})`,
    `select set_config('cairn.context', ${literal(victim.context)}, false), set_config('cairn.signature', ${literal(signature)}, false)`,
  ]
}

const paths = ({ schema }: AttackGround): string[] =>
  [`pg_temp, ${schema}`, 'pg_temp', `pg_temp, pg_catalog, ${schema}`, `${schema}, pg_catalog`].map((path) => `set search_path = ${path}`)

/** Puts objects of one's own where the functions and policies look for theirs. */
export const shadows: readonly Attack[] = [
  disguise('hides the key behind a temporary table with a key of its own', (ground) => [
    `create temp table secret (only_row boolean, key bytea, ipad bytea, opad bytea)`,
    `insert into pg_temp.secret values (true, ${padding(0)}, ${padding(0x36)}, ${padding(0x5c)})`,
    ...paths(ground).flatMap((path) => [path, ...enter(ground)]),
  ]),
  disguise('hides the tables behind temporary ones that the functions would read and write', (ground) => [
    ...ground.relations.map((relation) => `create temp table ${relation.slice(relation.indexOf('.') + 1)} as select * from ${relation}`),
    ...paths(ground).flatMap((path) => [
      path,
      `select ${ground.schema}.read_stream(${literal(ground.own.context)}, ${literal(ground.own.signature)}, 'alpha', 't', 'i', 1, 9, 'infinity', 9)`,
      `select * from ${ground.schema}.read_tenant_log(${literal(ground.own.context)}, ${literal(ground.own.signature)}, 'alpha', 0, 100, null)`,
    ]),
  ]),
  disguise('hides functions that the check of the signature calls behind its own', (ground) => [
    ...['sha256(bytea) returns bytea', 'encode(bytea, text) returns text', 'convert_to(text, name) returns bytea'].map(
      (head) => `create function pg_temp.${head} language sql as $$ select null $$`,
    ),
    `create function pg_temp.tenants() returns text[] language sql as $$ select array['alpha', 'bravo'] $$`,
    `create function pg_temp.current_setting(text, boolean) returns text language sql as $$ select '{"","","bravo"}' $$`,
    ...paths(ground).flatMap((path) => [path, ...enter(ground)]),
  ]),
  disguise('hides operators and types behind its own', (ground) => [
    `create function pg_temp.yes(text, text) returns boolean language sql as 'select true'`,
    `create function pg_temp.yes(text, text[]) returns boolean language sql as 'select true'`,
    'create operator pg_temp.= (function = pg_temp.yes, leftarg = text, rightarg = text)',
    'create operator pg_temp.|| (function = pg_temp.yes, leftarg = text, rightarg = text)',
    'create domain pg_temp.text as pg_catalog.text',
    ...paths(ground).flatMap((path) => [path, ...enter(ground)]),
  ]),
  disguise('makes a schema of its own the first to be searched', (ground) => [
    'create schema evil',
    `create schema ${ground.login}`,
    'create function public.tenants() returns text[] language sql as $$ select array[$q$bravo$q$] $$',
    `create function ${ground.schema}.tenants(int default 0) returns text[] language sql as $$ select array[$q$bravo$q$] $$`,
    `create or replace function ${ground.schema}.tenants() returns text[] language sql as $$ select array[$q$bravo$q$] $$`,
    'set search_path = evil, public',
    ...enter(ground),
  ]),
  statements('reads the key', ({ schema }) => [
    `select encode(key, 'hex') from ${schema}.secret`,
    `select * from ${schema}.secret`,
    `select ipad from ${schema}.secret`,
    `copy ${schema}.secret to stdout`,
    `select query_to_xml('select * from ${schema}.secret', true, true, '')`,
    `select pg_read_binary_file(pg_relation_filepath('${schema}.secret'))`,
  ]),
]
