import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { removeDataFolder, startEmbeddedPostgres, type PostgresBinaries } from '@cairn/infra/embedded'
import type { PostgresService } from './postgres-service.ts'

const prefix = 'cairn-test-postgres-'

/** A server on a new data folder among the system's temporary files; the folder goes with it. */
export async function throwawayServer(
  binaries: PostgresBinaries,
  settings: Readonly<Record<string, string>>,
): Promise<Omit<PostgresService, 'kind'>> {
  await sweepLeftFolders()
  const dataDir = join(tmpdir(), `${prefix}${process.pid}-${randomBytes(4).toString('hex')}`)
  const server = await startEmbeddedPostgres({ dataDir, binaries, settings })
  let stopped: Promise<void> | undefined
  const stop = async (): Promise<void> => {
    await server.stop()
    await removeDataFolder(dataDir)
  }
  return { url: server.url, version: server.version, stop: () => (stopped ??= stop()) }
}

/** A test run that was killed leaves its folder, and at worst its server. */
async function sweepLeftFolders(): Promise<void> {
  for (const entry of await readdir(tmpdir())) {
    const pid = entry.startsWith(prefix) ? Number.parseInt(entry.slice(prefix.length), 10) : Number.NaN
    // Another user's folder, or a process number in use again: somebody else's business.
    if (pid > 0 && !isAlive(pid)) await removeDataFolder(join(tmpdir(), entry)).catch(() => undefined)
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
