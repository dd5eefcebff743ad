import { execFile } from 'node:child_process'
import { access, readdir, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { sqlFolder } from '@cairn/db'
import { migrate } from '@cairn/infra/pg'
import { createDatabase, providePostgres, ServiceUnavailableError, type PostgresService } from '@cairn/testing/services'

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

/** A server of programs installed here, because there pg_dump lies beside it; else any. */
async function installedServer(): Promise<PostgresService> {
  try {
    return await providePostgres({ kind: 'binary', log: () => undefined })
  } catch (error) {
    if (!(error instanceof ServiceUnavailableError)) throw error
    return await providePostgres({ log: () => undefined })
  }
}

/** A pg_dump that is not older than the server, which it would refuse. Of those, the oldest. */
async function findPgDump(serverMajor: number): Promise<string> {
  const found = (await pgDumpsFrom(serverMajor)) ?? (process.getuid?.() === 0 ? await installed(serverMajor) : undefined)
  if (found !== undefined) return found
  throw new Error(`Dumping the schema needs pg_dump of PostgreSQL ${serverMajor} or newer on the PATH: install postgresql-client.`)
}

async function installed(serverMajor: number): Promise<string | undefined> {
  await run('apt-get', ['install', '-y', '--no-install-recommends', 'postgresql-client']).catch(() => undefined)
  return pgDumpsFrom(serverMajor)
}

async function pgDumpsFrom(serverMajor: number): Promise<string | undefined> {
  const debian = (await readdir('/usr/lib/postgresql').catch((): string[] => [])).map((version) => `/usr/lib/postgresql/${version}/bin`)
  const programs = [...(process.env['PATH'] ?? '').split(delimiter), ...debian].map((folder) => join(folder, 'pg_dump'))
  const found: { readonly program: string; readonly major: number }[] = []
  for (const program of programs) {
    const there = await access(program).then(
      () => true,
      () => false,
    )
    const { stdout } = there ? await run(program, ['--version']) : { stdout: '' }
    const major = Number(/ (\d+)/.exec(stdout)?.[1] ?? 0)
    if (major >= serverMajor) found.push({ program, major })
  }
  return found.toSorted((a, b) => a.major - b.major)[0]?.program
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
