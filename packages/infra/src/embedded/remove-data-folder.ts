import { rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { ownFiles } from './data-folder.ts'
import { DataFolderError } from './errors.ts'
import { endOrphan, findRunningServer } from './running-server.ts'
import { isEntry } from './is-entry.ts'

/**
 * Removes a data folder and all that is in it. An orphan server on it is ended first.
 *
 * @throws DataFolderError when a server in use runs on it, or it is not a data folder of ours.
 */
export async function removeDataFolder(folder: string): Promise<void> {
  const dataDir = resolve(folder)
  if (!(await isEntry(dataDir))) return
  if (!(await isEntry(join(dataDir, ownFiles.password)))) {
    throw new DataFolderError(
      `The folder ${dataDir} is not a data folder made by Cairn, so it is left as it is. Remove it by hand.`,
      dataDir,
    )
  }
  const running = await findRunningServer(dataDir)
  if (running?.orphan === true) await endOrphan(dataDir, running.pid)
  else if (running !== undefined) {
    throw new DataFolderError(`A server (process ${running.pid}) runs on the data folder ${dataDir}. Stop it first.`, dataDir)
  }
  // A server that has just lost its parent may still write its last files.
  await rm(dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
}
