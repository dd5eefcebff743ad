import { createHash, createHmac } from 'node:crypto'
import { AppSession } from '../app-session.ts'
import { bravo } from '../two-tenants.ts'
import { disguise, literal, type Attack, type AttackGround } from './attack.ts'

const set = (context: string | null, signature: string | null): string[] => [
  `select set_config('cairn.context', ${context === null ? 'null' : literal(context)}, false)`,
  `select set_config('cairn.signature', ${signature === null ? 'null' : literal(signature)}, false)`,
]

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Contexts that nobody with the key signed. */
const forgeries: Readonly<Record<string, (ground: AttackGround) => readonly [string | null, string | null]>> = {
  'the victim’s context under one’s own signature': ({ own, victim }) => [victim.context, own.signature],
  'the victim’s context unsigned': ({ victim }) => [victim.context, ''],
  'the victim’s context, signature null': ({ victim }) => [victim.context, null],
  'the victim’s context, its hash as signature': ({ victim }) => [victim.context, sha256(victim.context)],
  'the victim’s context, signed with an empty key': ({ victim }) => [
    victim.context,
    createHmac('sha256', '').update(victim.context).digest('hex'),
  ],
  'the victim’s context, signed with a key of zeros': ({ victim }) => [
    victim.context,
    createHmac('sha256', Buffer.alloc(32)).update(victim.context).digest('hex'),
  ],
  'the victim’s true signature, cut short': ({ victim }) => [victim.context, victim.signature.slice(0, 63)],
  'the victim’s true signature, a digit too long': ({ victim }) => [victim.context, `${victim.signature}0`],
  'the victim’s true signature in capitals': ({ victim }) => [victim.context, victim.signature.toUpperCase()],
  'the victim’s true signature with a blank behind': ({ victim }) => [victim.context, `${victim.signature} `],
  'the victim’s true signature, the context written with blanks': ({ victim }) => [victim.context.replaceAll(',', ', '), victim.signature],
  'the victim’s true signature, the context without quotes': ({ victim }) => [
    victim.context.replaceAll(`"${bravo}"`, bravo),
    victim.signature,
  ],
  'the victim’s true signature, the context with bounds': ({ victim }) => [`[1:3]=${victim.context}`, victim.signature],
  'one’s own context with the victim added': ({ own }) => [own.context.replace('}', `,"${bravo}"}`), own.signature],
  'one’s own context with the victim as second row': ({ own }) => [`{${own.context},{"","","${bravo}"}}`, own.signature],
  'one’s own context with the victim before the brace': ({ own }) => [`${bravo}${own.context}`, own.signature],
  'a context of nulls': () => ['{NULL,NULL,NULL}', ''],
  'a null context': () => [null, null],
  'an empty context': () => ['', ''],
  'an empty array': () => ['{}', ''],
  'a context that is no array': () => [bravo, ''],
  'a context that is half an array': () => ['{"","","', ''],
  'a context of quotes and backslashes': () => [String.raw`{"\"","\\","a\",\"${bravo}"}`, ''],
  'a wildcard as context': () => ['{"","","%","*","_____"}', ''],
  'a context of a million characters': () => [`{"","","${'x'.repeat(1_000_000)}"}`, ''],
}

/** Ways to set it, for the victim's context under one's own signature. */
const settings: readonly Attack[] = [
  disguise('sets it with SET, in capitals', ({ own, victim }) => [
    `set CAIRN.Context to ${literal(victim.context)}`,
    `set Cairn.SIGNATURE to ${literal(own.signature)}`,
  ]),
  disguise('resets it to its default', () => ['reset cairn.context', 'reset cairn.signature', 'reset all', 'discard all']),
  {
    title: 'sets it as the default of its login, for the next session',
    async run(session, { login, victim, own, relations, url }) {
      await session.tryAll([
        `alter role ${login} set cairn.context = ${literal(victim.context)}`,
        `alter role ${login} set cairn.signature = ${literal(own.signature)}`,
      ])
      const next = await AppSession.open(url)
      for (const relation of relations) session.note(await next.rows(`select to_jsonb(t) from ${relation} t`))
      await next.close()
      await session.try(`alter role ${login} reset all`)
    },
  },
  disguise('sets it for a function that reads', ({ relations, victim, own }) => [
    `create function pg_temp.reads() returns setof json language plpgsql set cairn.context = ${literal(victim.context)}
       set cairn.signature = ${literal(own.signature)} as $$ begin
       ${relations.map((relation) => `return query select to_json(t) from ${relation} t;`).join(' ')} end $$`,
    'select pg_temp.reads()',
  ]),
  {
    title: 'changes it while its own query runs',
    async run(session, { relations, victim }) {
      await session.try(
        `create function pg_temp.changes() returns boolean language plpgsql volatile cost 0.0001 as $$ begin
           perform set_config('cairn.context', ${literal(victim.context)}, false); return true; end $$`,
      )
      for (const relation of relations) {
        await session.try(`select to_jsonb(t), pg_temp.changes() from ${relation} t where pg_temp.changes()`)
        await session.try(`with first as materialized (select pg_temp.changes()) select to_jsonb(t) from first, ${relation} t`)
      }
    },
  },
  disguise('sets it in a subtransaction and rolls back to before', ({ victim, own }) => [
    'begin',
    'savepoint before',
    ...set(victim.context, victim.signature.replace(/./, 'z')),
    'rollback to before',
    `do $$ begin perform set_config('cairn.context', ${literal(victim.context)}, true); perform 1 / 0; exception when others then null; end $$`,
    ...set(victim.context, own.signature),
    'release before',
  ]),
]

export const forgedContexts: readonly Attack[] = [
  ...Object.entries(forgeries).map(([title, forge]) => disguise(`sets ${title}`, (ground) => set(...forge(ground)))),
  ...settings,
]
