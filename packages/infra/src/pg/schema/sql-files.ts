import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { sqlFolder } from '@cairn/db'
import type { FilesStamp } from './files-stamp.ts'
import { defaultSchema } from './schema-name.ts'

export const migrationsFolder: string = fileURLToPath(new URL('migrations/', sqlFolder))

/**
 * The text of a SQL file for a schema. The files are plain SQL for the default schema; only role names and
 * `schema cairn` spell it out, all else is found by search_path.
 */
export function renderSql(text: string, schema: string): string {
  if (schema === defaultSchema) return text
  return text.replace(/\bcairn_(owner|app|worker|maintenance)\b/g, `${schema}_$1`).replace(/\bschema cairn\b/g, `schema ${schema}`)
}

/** Applied again whenever one of them changed. Rendered, joined, ready to run in one go. */
export interface ReappliedFiles {
  /** Functions, then views. */
  readonly definitions: string
  readonly policies: string
  readonly stamp: FilesStamp
}

export function readReappliedFiles(schema: string): ReappliedFiles {
  const definitions = [readFolder('functions', schema), readFolder('views', schema)].join('\n')
  const policies = readFolder('policies', schema)
  const hash = createHash('sha256').update(definitions).update(policies).digest('hex')
  return { definitions, policies, stamp: { version: versionOfFiles(), hash } }
}

function readFolder(folder: 'functions' | 'views' | 'policies', schema: string): string {
  const url = new URL(`${folder}/`, sqlFolder)
  return readdirSync(url)
    .filter((name) => name.endsWith('.sql'))
    .toSorted()
    .map((name) => renderSql(readFileSync(new URL(name, url), 'utf8'), schema))
    .join('\n')
}

function versionOfFiles(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('package.json', sqlFolder), 'utf8'))
  const version: unknown = typeof manifest === 'object' && manifest !== null && 'version' in manifest ? manifest.version : undefined
  if (typeof version === 'string') return version
  throw new TypeError('The manifest of @cairn/db has no version.')
}

/** The names of the migrations that this version of Cairn knows, in order. */
export function knownMigrations(): readonly string[] {
  return readdirSync(migrationsFolder)
    .filter((name) => name.endsWith('.sql'))
    .map((name) => name.slice(0, -'.sql'.length))
    .toSorted()
}
