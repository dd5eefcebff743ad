import { randomBytes } from 'node:crypto'
import { access, chown, constants, mkdir, open, readFile, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { DataFolderError, DataFolderVersionError, PostgresStartError } from './errors.ts'
import { isProcessAlive } from './process-identity.ts'
import type { PostgresBinaries } from './postgres-binaries.ts'
import { callAs, hasDeathSignal, mustReach, type RunAs } from './run-as.ts'
import { runProgram } from './run-program.ts'

/** Our own files, beside PostgreSQL's in its data folder. */
export const ownFiles = {
  password: 'cairn-password',
  port: 'cairn-port',
  owner: 'cairn-owner.json',
  log: 'cairn-server.log',
} as const

/**
 * Makes the data folder if there is none, and leaves one that is there as it is. It is made under another name and
 * renamed when complete, so a crash on the way leaves a folder that the next start sweeps, never half a database.
 *
 * @throws DataFolderError | DataFolderVersionError | PostgresStartError
 */
export async function ensureDataFolder(dataDir: string, binaries: PostgresBinaries, runAs: RunAs): Promise<void> {
  await mustReach(runAs, dataDir, dataDir)
  await mustReach(runAs, binaries.postgres, dataDir)
  if (await isReadyDataFolder(dataDir, binaries)) return
  const parent = dirname(dataDir)
  try {
    await mkdir(parent, { recursive: true })
    await access(parent, constants.W_OK)
  } catch (error) {
    throw notWritable(parent, dataDir, error)
  }
  await sweepUnfinished(dataDir)
  const unfinished = join(parent, `${basename(dataDir)}.init-${process.pid}-${randomBytes(4).toString('hex')}`)
  try {
    await initialise(unfinished, dataDir, binaries, runAs)
    await putInPlace(unfinished, dataDir, binaries)
  } finally {
    await removeTree(unfinished)
    await removeTree(`${unfinished}.password`)
  }
}

/** The superuser's password. */
export async function readPassword(dataDir: string): Promise<string> {
  try {
    return (await readFile(join(dataDir, ownFiles.password), 'utf8')).trim()
  } catch (error) {
    throw new DataFolderError(
      `The data folder ${dataDir} holds a PostgreSQL database, but not its password (file ${ownFiles.password}): it was not made by Cairn, or belongs to another user. ` +
        `Name another folder, or start that server yourself and give its address.`,
      dataDir,
      error,
    )
  }
}

/** The port of the last run. */
export async function readRememberedPort(dataDir: string): Promise<number | undefined> {
  const text = await readFile(join(dataDir, ownFiles.port), 'utf8').catch(() => '')
  const port = Number.parseInt(text, 10)
  return port > 0 && port < 65_536 ? port : undefined
}

async function isReadyDataFolder(dataDir: string, binaries: PostgresBinaries): Promise<boolean> {
  let entries: string[]
  try {
    entries = await readdir(dataDir)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false
    throw new DataFolderError(
      `The data folder ${dataDir} cannot be read. Name another folder, or correct its owner and mode.`,
      dataDir,
      error,
    )
  }
  if (entries.length === 0) return false
  if (!entries.includes('PG_VERSION')) {
    throw new DataFolderError(
      `The folder ${dataDir} is not empty and holds no PostgreSQL database. Name another folder, or empty this one.`,
      dataDir,
    )
  }
  const found = (await readFile(join(dataDir, 'PG_VERSION'), 'utf8')).trim()
  if (found !== String(binaries.majorVersion)) throw new DataFolderVersionError(dataDir, found, String(binaries.majorVersion))
  try {
    await access(dataDir, constants.W_OK)
  } catch (error) {
    throw notWritable(dataDir, dataDir, error)
  }
  return true
}

async function initialise(folder: string, dataDir: string, binaries: PostgresBinaries, runAs: RunAs): Promise<void> {
  const passwordFile = `${folder}.password`
  try {
    // Made by us, not by initdb: root inside a user namespace may not write into a parent folder of another user.
    await mkdir(folder, { mode: 0o700 })
    await writeFile(passwordFile, randomBytes(24).toString('hex'), { mode: 0o600 })
    if (runAs.kind === 'account') {
      await chown(folder, runAs.uid, runAs.gid)
      await chown(passwordFile, runAs.uid, runAs.gid)
    }
  } catch (error) {
    throw notWritable(dirname(folder), dataDir, error)
  }
  const args = [
    '-D',
    folder,
    '-U',
    'postgres',
    '--pwfile',
    passwordFile,
    '-A',
    'scram-sha-256',
    '-E',
    'UTF8',
    '--locale=C',
    '--no-instructions',
  ]
  const { code, output } = await runProgram(callAs(runAs, binaries.initdb, args, await hasDeathSignal()))
  if (code !== 0) {
    throw new PostgresStartError(`initdb could not make the data folder ${dataDir}: ${output.trim()}`, { dataDir, code })
  }
  await rename(passwordFile, join(folder, ownFiles.password))
}

async function putInPlace(unfinished: string, dataDir: string, binaries: PostgresBinaries): Promise<void> {
  // Windows does not rename over an empty folder.
  await rmdir(dataDir).catch(() => undefined)
  try {
    await rename(unfinished, dataDir)
  } catch (error) {
    // Another process was faster: then theirs is the folder.
    if (await isReadyDataFolder(dataDir, binaries).catch(() => false)) return
    throw new DataFolderError(
      `The data folder could not be put in place as ${dataDir}. If that is a mount point, name a folder inside it.`,
      dataDir,
      error,
    )
  }
  await syncFolder(dirname(dataDir))
}

/** The rename itself must survive a power cut, as what initdb wrote does. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** An initdb that is just being ended may still write into it; what cannot be removed now is swept by the next start. */
async function removeTree(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }).catch(() => undefined)
}

async function sweepUnfinished(dataDir: string): Promise<void> {
  const prefix = `${basename(dataDir)}.init-`
  for (const entry of await readdir(dirname(dataDir))) {
    const pid = entry.startsWith(prefix) ? Number.parseInt(entry.slice(prefix.length), 10) : Number.NaN
    if (pid > 0 && !isProcessAlive(pid)) await removeTree(join(dirname(dataDir), entry))
  }
}

function notWritable(folder: string, dataDir: string, cause: unknown): DataFolderError {
  return new DataFolderError(
    `The folder ${folder} cannot be written, so the database in ${dataDir} cannot be used. Correct its owner or mode, or name another data folder.`,
    dataDir,
    cause,
  )
}
