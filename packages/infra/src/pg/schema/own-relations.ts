import { readdirSync, readFileSync } from 'node:fs'
import { sqlFolder } from '@cairn/db'

/** Kept by the migrator. */
const migrationsTable = 'migrations'
const created = /^create (?:or replace )?(?:table|view) (?:if not exists )?"?(\w+)"?/gm

/** The names of the tables and views that Cairn's files make in their schema. */
export function ownRelations(): ReadonlySet<string> {
  const names = new Set([migrationsTable])
  for (const folder of ['migrations/', 'views/']) {
    const url = new URL(folder, sqlFolder)
    for (const file of readdirSync(url).filter((name) => name.endsWith('.sql'))) {
      for (const [, name] of readFileSync(new URL(file, url), 'utf8').matchAll(created)) if (name !== undefined) names.add(name)
    }
  }
  return names
}
