import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { ownFiles } from './data-folder.ts'
import { PostgresStartError } from './errors.ts'
import { identify, isProcessAlive, isServerOf, isStillRunning, type ProcessIdentity } from './process-identity.ts'

/** A server that runs on the data folder now. */
export interface RunningServer {
  readonly pid: number
  readonly port: number
  readonly ready: boolean
  /** True when a process of ours started it and has ended since. */
  readonly orphan: boolean
}

interface OwnerRecord {
  readonly owner: ProcessIdentity
  readonly serverPid: number
}

/** PostgreSQL's own lock file: pid, data folder, start, port, socket folder, address, shared memory, status. */
export async function readServerFile(
  dataDir: string,
): Promise<{ readonly pid: number; readonly port: number; readonly status: string } | undefined> {
  const text = await readFile(join(dataDir, 'postmaster.pid'), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const lines = text.split('\n')
  return { pid: Number.parseInt(lines[0] ?? '', 10), port: Number.parseInt(lines[3] ?? '', 10), status: (lines[7] ?? '').trim() }
}

/** The server that runs on this folder; undefined when none does, whatever an old lock file says. */
export async function findRunningServer(dataDir: string): Promise<RunningServer | undefined> {
  const file = await readServerFile(dataDir)
  if (file === undefined || !(file.pid > 0)) return undefined
  if (!(await isServerOf(file.pid, dataDir))) {
    if (isProcessAlive(file.pid)) await disownServerFile(dataDir, file.pid)
    return undefined
  }
  const record = await readOwner(dataDir)
  const orphan = record !== undefined && record.serverPid === file.pid && !(await isStillRunning(record.owner))
  return { pid: file.pid, port: file.port, ready: file.status === 'ready', orphan }
}

/** Writes down that this process started the server, so that a later one can tell an orphan from a server in use. */
export async function writeOwner(dataDir: string, serverPid: number): Promise<void> {
  const record: OwnerRecord = { owner: await identify(process.pid), serverPid }
  await writeFile(join(dataDir, ownFiles.owner), JSON.stringify(record))
}

export async function removeOwner(dataDir: string): Promise<void> {
  await rm(join(dataDir, ownFiles.owner), { force: true })
}

/**
 * Ends an orphan: politely (it may be on its way down already, as its parent's death told it), then less so. It is
 * not adopted: one that we start ourselves ends with us, this one would not.
 */
export async function endOrphan(dataDir: string, pid: number): Promise<void> {
  for (const [signal, waitMs] of [
    ['SIGINT', 30_000],
    ['SIGQUIT', 10_000],
  ] as const) {
    try {
      process.kill(pid, signal)
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EPERM') throw cannotEnd(dataDir, pid, error)
    }
    const until = Date.now() + waitMs
    while (Date.now() < until) {
      if (!(await isServerOf(pid, dataDir))) return
      await delay(20)
    }
  }
  throw cannotEnd(dataDir, pid)
}

function cannotEnd(dataDir: string, pid: number, cause?: unknown): PostgresStartError {
  return new PostgresStartError(
    `The PostgreSQL server ${pid} on ${dataDir} was left behind by a process that ended, and could not be stopped. Stop it (kill -INT ${pid}) and start again.`,
    { dataDir, pid },
    cause,
  )
}

async function readOwner(dataDir: string): Promise<OwnerRecord | undefined> {
  const text = await readFile(join(dataDir, ownFiles.owner), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  try {
    return parseOwner(JSON.parse(text))
  } catch {
    // Half written by a process that was killed: as good as none.
    return undefined
  }
}

function parseOwner(value: unknown): OwnerRecord | undefined {
  if (typeof value !== 'object' || value === null || !('owner' in value) || !('serverPid' in value)) return undefined
  const { owner, serverPid } = value
  if (typeof serverPid !== 'number' || typeof owner !== 'object' || owner === null || !('pid' in owner) || !('started' in owner))
    return undefined
  const { pid, started } = owner
  return typeof pid === 'number' && (typeof started === 'string' || started === null) ? { owner: { pid, started }, serverPid } : undefined
}

/**
 * PostgreSQL refuses to start while the process number in the lock file lives, also when it is another program by
 * now. We put in a number that no process has instead of removing the file: so PostgreSQL still checks by its third
 * part that no old backend holds the shared memory, and removes the file itself.
 */
async function disownServerFile(dataDir: string, pid: number): Promise<void> {
  const path = join(dataDir, 'postmaster.pid')
  const [found, ...rest] = (await readFile(path, 'utf8').catch(() => '')).split('\n')
  if (found === String(pid)) await writeFile(path, ['2147483646', ...rest].join('\n'))
}
