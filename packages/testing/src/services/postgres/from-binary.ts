import { readdir, realpath } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { binariesIn, type PostgresBinaries } from '@cairn/infra/embedded'
import type { PostgresSource } from './postgres-service.ts'
import { throwawayServer } from './throwaway-server.ts'

/** The oldest version that Cairn supports. */
const oldestMajor = 15

/** A server of the programs that are installed here: on the PATH, or where Debian puts them. */
export const fromBinary: PostgresSource = async ({ env, settings }) => {
  const found = await findInstalled(env['PATH'] ?? '')
  if (found === undefined) return `there is no PostgreSQL ${oldestMajor} or newer on the PATH or in /usr/lib/postgresql`
  return throwawayServer(found, settings)
}

async function findInstalled(path: string): Promise<PostgresBinaries | undefined> {
  for (const folder of [...path.split(delimiter).filter((entry) => entry !== ''), ...(await debianFolders())]) {
    // The programs find their libraries and each other from where they really are.
    const program = await realpath(join(folder, 'postgres')).catch(() => undefined)
    const binaries = program === undefined ? undefined : await binariesIn(dirname(program)).catch(() => undefined)
    if (binaries !== undefined && binaries.majorVersion >= oldestMajor) return binaries
  }
  return undefined
}

/** Newest version first. */
async function debianFolders(): Promise<string[]> {
  const versions = await readdir('/usr/lib/postgresql').catch((): string[] => [])
  return versions.toSorted((a, b) => Number(b) - Number(a)).map((version) => `/usr/lib/postgresql/${version}/bin`)
}
