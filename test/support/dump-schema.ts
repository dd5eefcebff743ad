import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { sqlFolder } from '@cairn/db'
import { migrate } from '@cairn/infra/pg'
import { createDatabase } from '@cairn/testing/services'
import { findPgDump, installedServer } from './pg-dump.ts'

const run = promisify(execFile)

/** The committed dump. */
export const schemaFile: URL = new URL('schema.sql', sqlFolder)

const header = `-- The schema as the migrations, functions, views and policies leave it, for reading and for comparing: nothing runs this file.
-- Written by \`pnpm db:dump\`; test/integration/schema/schema-sql.test.ts compares it with what a migration makes.

`

/**
 * Migrates an empty database and dumps the schema, normalised so that servers of several versions agree.
 *
 * @throws Error with one sentence where no pg_dump can be had
 */
export async function dumpSchema(): Promise<string> {
  const server = await installedServer()
  try {
    const pgDump = await findPgDump(Number.parseInt(server.version, 10))
    const database = await createDatabase(server.url)
    await migrate({ url: database.url })
    const { stdout } = await run(pgDump, ['--schema-only', '--schema=cairn', '--no-tablespaces', `--dbname=${database.url}`], {
      maxBuffer: 1 << 26,
    })
    return header + normalise(stdout)
  } finally {
    await server.stop()
  }
}

/** What differs between versions of pg_dump, and says nothing of the schema, taken out. */
export function normalise(dump: string): string {
  const lines = dump
    .split('\n')
    .filter((line) => !/^(--$|-- (Name|PostgreSQL|Dumped|TOC)|SET |SELECT pg_catalog\.set_config|\\(un)?restrict)/.test(line))
  // Before version 16, views name the table's alias before every column.
  const views = lines.join('\n').replaceAll(/^CREATE VIEW [^;]*;/gm, (view) => view.replaceAll(/\be\.(?=["\w])/g, ''))
  return `${views.replaceAll(/\n{3,}/g, '\n\n').trim()}\n`
}

if (import.meta.main) {
  await writeFile(schemaFile, await dumpSchema())
  console.log('db/schema.sql was written.')
}
