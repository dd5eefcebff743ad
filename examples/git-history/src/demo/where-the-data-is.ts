import { relative, resolve } from 'node:path'
import type { HistoryApp } from '../import/history-app.ts'
import { databaseVariable } from './database-variable.ts'

export interface Whereabouts {
  /** The data folder; undefined for a database that others run. */
  readonly folder: string | undefined
  readonly schema: string
  /** A shell command that shows the stored events. */
  readonly psql: string
}

/** @param from the folder where the user stands */
export function whereTheDataIs(app: HistoryApp, from: string): Whereabouts {
  const { dataDir, schema = 'cairn', url = '' } = app.database
  const query = `select type, count(*) from ${schema}.events group by 1 order by 2 desc`
  if (dataDir === undefined) return { folder: undefined, schema, psql: `psql "$${databaseVariable()}" -c '${query}'` }
  const { port } = new URL(url)
  const folder = shellPath(dataDir, from)
  // The password stays in its file: what is printed may end up in a log.
  return {
    folder: dataDir,
    schema,
    psql: `PGPASSWORD=$(cat ${folder}/cairn-password) psql -h 127.0.0.1 -p ${port} -U postgres -c '${query}'`,
  }
}

/** As short as it can be from here, quoted where the shell needs it. */
function shellPath(path: string, from: string): string {
  const absolute = resolve(path)
  const here = relative(from, absolute)
  const short = here !== '' && !here.startsWith('..') ? here : absolute
  return /^[\w./@%+=:,-]+$/.test(short) ? short : `'${short.replaceAll("'", `'\\''`)}'`
}
