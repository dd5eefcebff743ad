import { removeDataFolder, startEmbeddedPostgres, type PostgresBinaries } from '@cairn/infra/embedded'
import { leftFolders, newFolderName } from '../own-folders.ts'
import type { PostgresService } from './postgres-service.ts'

const prefix = 'cairn-test-postgres'

/** A server on a new data folder among the system's temporary files; the folder goes with it. */
export async function throwawayServer(
  binaries: PostgresBinaries,
  settings: Readonly<Record<string, string>>,
): Promise<Omit<PostgresService, 'kind'>> {
  // A test run that was killed leaves its folder, and at worst its server. Another user's is that user's business.
  for (const left of await leftFolders(prefix)) await removeDataFolder(left).catch(() => undefined)
  const dataDir = newFolderName(prefix)
  const server = await startEmbeddedPostgres({ dataDir, binaries, settings })
  let stopped: Promise<void> | undefined
  const stop = async (): Promise<void> => {
    await server.stop()
    await removeDataFolder(dataDir)
  }
  return { url: server.url, version: server.version, stop: () => (stopped ??= stop()) }
}
