import { readdirSync, readFileSync } from 'node:fs'
import { sqlFolder } from '@cairn/db'
import { renderSql } from './sql-files.ts'

/** A policy of one of Cairn's own tables, as its files have it. */
export interface OwnPolicy {
  readonly table: string
  readonly name: string
  /** Makes it on a table; the name is put in as it is. */
  create(on: string): string
}

const single = /^create policy (\w+) on (\w+)\s([^;]*);/gm
/** The same policies for several tables. */
const loop = /foreach t in array array\[([^\]]*)\] loop([\s\S]*?)\nend\n/g
const inLoop = /'create policy (\w+) on %I ([^']*)', t\)/g

/** The policies of Cairn's own tables; what a fresh schema has, as a test sees to. */
export function ownPolicies(schema: string): readonly OwnPolicy[] {
  const url = new URL('policies/', sqlFolder)
  return readdirSync(url)
    .filter((file) => file.endsWith('.sql'))
    .flatMap((file) => policiesOfFile(renderSql(readFileSync(new URL(file, url), 'utf8'), schema)))
}

function ownPolicy(name: string, table: string, rest: string): OwnPolicy {
  return { table, name, create: (on) => `create policy ${name} on ${on} ${rest}` }
}

function policiesOfFile(text: string): readonly OwnPolicy[] {
  return [
    ...[...text.matchAll(single)].map(([, name = '', table = '', rest = '']) => ownPolicy(name, table, rest)),
    ...[...text.matchAll(loop)].flatMap(([, names = '', body = '']) =>
      [...names.matchAll(/'(\w+)'/g)].flatMap(([, table = '']) =>
        [...body.matchAll(inLoop)].map(([, name = '', rest = '']) => ownPolicy(name, table, rest)),
      ),
    ),
  ]
}
