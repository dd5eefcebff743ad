import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { sqlFolder } from '@cairn/db'
import { defaultSchema } from './schema-name.ts'

/** Applied again whenever one of them changed, in this order. */
const reappliedFolders = ['functions', 'views', 'policies'] as const

export const migrationsFolder: string = fileURLToPath(new URL('migrations/', sqlFolder))

/**
 * The text of a SQL file for a schema. The files are plain SQL for the default schema; only role names and
 * `schema cairn` spell it out, all else is found by search_path.
 */
export function renderSql(text: string, schema: string): string {
  if (schema === defaultSchema) return text
  return text.replace(/\bcairn_(owner|app|worker|maintenance)\b/g, `${schema}_$1`).replace(/\bschema cairn\b/g, `schema ${schema}`)
}

export interface ReappliedFiles {
  /** Rendered, joined, ready to run in one go. */
  readonly sql: string
  readonly hash: string
}

export function readReappliedFiles(schema: string): ReappliedFiles {
  const sql = reappliedFolders
    .flatMap((folder) => {
      const url = new URL(`${folder}/`, sqlFolder)
      return readdirSync(url)
        .filter((name) => name.endsWith('.sql'))
        .toSorted()
        .map((name) => readFileSync(new URL(name, url), 'utf8'))
    })
    .map((text) => renderSql(text, schema))
    .join('\n')
  return { sql, hash: createHash('sha256').update(sql).digest('hex') }
}

/** The names of the migrations that this version of Cairn knows, in order. */
export function knownMigrations(): readonly string[] {
  return readdirSync(migrationsFolder)
    .filter((name) => name.endsWith('.sql'))
    .map((name) => name.slice(0, -'.sql'.length))
    .toSorted()
}
