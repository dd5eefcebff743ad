import { execFile } from 'node:child_process'
import { access, readdir } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { providePostgres, ServiceUnavailableError, type PostgresService } from '@cairn/testing/services'

const run = promisify(execFile)

/** A server of programs installed here, because there pg_dump lies beside it; else any. */
export async function installedServer(): Promise<PostgresService> {
  try {
    return await providePostgres({ kind: 'binary', log: () => undefined })
  } catch (error) {
    if (!(error instanceof ServiceUnavailableError)) throw error
    return await providePostgres({ log: () => undefined })
  }
}

/** A pg_dump that is not older than the server, which it would refuse. Of those, the oldest. */
export async function findPgDump(serverMajor: number): Promise<string> {
  const found = (await pgDumpsFrom(serverMajor)) ?? (process.getuid?.() === 0 ? await installed(serverMajor) : undefined)
  if (found !== undefined) return found
  throw new Error(`Dumping a database needs pg_dump of PostgreSQL ${serverMajor} or newer on the PATH: install postgresql-client.`)
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
