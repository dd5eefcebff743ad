import { spawn, type ChildProcess } from 'node:child_process'
import { chown, open, readFile, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { ownFiles } from './data-folder.ts'
import { requestShutdown, watchParent } from './parent-watch.ts'
import type { PostgresBinaries } from './postgres-binaries.ts'
import { callAs, hasDeathSignal, type RunAs } from './run-as.ts'
import { postgresEnvironment } from './run-program.ts'
import { readServerFile, removeOwner, writeOwner } from './running-server.ts'

export interface ServerProcess {
  /** Settles when the server has ended, whoever ended it. */
  readonly ended: Promise<void>
  /** A fast shutdown; a harder one when that takes more than 30 seconds. */
  stop(): Promise<void>
}

/** Why a server did not come up. */
export type StartFailure = { readonly reason: 'already-running' | 'port-taken' | 'old-backends' | 'other'; readonly output: string }

const maxLogBytes = 8 * 1024 * 1024

/** Starts the server and waits until it takes connections, however long its recovery after a crash needs. */
export async function startServerProcess(
  dataDir: string,
  port: number,
  binaries: PostgresBinaries,
  runAs: RunAs,
  settings: Readonly<Record<string, string>>,
): Promise<ServerProcess | StartFailure> {
  const logPath = join(dataDir, ownFiles.log)
  const logStart = await prepareLog(logPath)
  const withParent = await hasDeathSignal()
  const call = callAs(runAs, binaries.postgres, ['-D', dataDir, ...settingArguments(port, settings)], withParent)
  const log = await open(logPath, 'a', 0o600)
  let child: ChildProcess
  let ended: Promise<void>
  try {
    if (runAs.kind === 'account') await chown(logPath, runAs.uid, runAs.gid)
    child = spawn(call.file, call.args, {
      stdio: ['ignore', log.fd, log.fd],
      // In a session of its own: Ctrl-C is for us, who may still want to write; the server ends after us.
      detached: true,
      windowsHide: true,
      cwd: '/',
      env: postgresEnvironment(),
      ...(call.uid === undefined ? {} : { uid: call.uid }),
      ...(call.gid === undefined ? {} : { gid: call.gid }),
    })
    // Before anything is awaited: one that loses a race to start may end at once, and an event is told only once.
    ended = endOf(child)
  } finally {
    await log.close()
  }
  // A program may end without stopping its database; the server then ends with it.
  child.unref()
  const { pid } = child
  if (pid === undefined) {
    await ended
    return { reason: 'other', output: `${call.file} could not be started.` }
  }
  const watcher = withParent ? undefined : watchParent(dataDir, pid, binaries.pgCtl)
  if (!(await becomesReady(dataDir, pid, ended))) {
    watcher?.kill('SIGKILL')
    return failureFrom((await readFile(logPath)).subarray(logStart).toString('utf8'))
  }
  // Not before: one that loses a race to start must not overwrite what the winner wrote.
  await writeOwner(dataDir, pid)
  let stopping: Promise<void> | undefined
  const stop = async (): Promise<void> => {
    child.ref()
    await requestShutdown(child, dataDir, binaries.pgCtl)
    const harder = setTimeout(() => child.kill('SIGQUIT'), 30_000)
    await ended
    clearTimeout(harder)
    watcher?.kill('SIGKILL')
    await removeOwner(dataDir)
  }
  return { ended, stop: () => (stopping ??= stop()) }
}

function endOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
}

function settingArguments(port: number, settings: Readonly<Record<string, string>>): string[] {
  const all = {
    // Given at each start and kept nowhere, so that the next start may say otherwise; the zone is the same on all machines.
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...settings,
    listen_addresses: '127.0.0.1',
    port: String(port),
    // No socket: its path could be too long, and any local user could try it.
    unix_socket_directories: '',
  }
  return Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

async function becomesReady(dataDir: string, pid: number, ended: Promise<void>): Promise<boolean> {
  const after = async (ms: number): Promise<boolean> => Promise.race([ended.then(() => false), delay(ms, true)])
  do {
    const file = await readServerFile(dataDir)
    if (file?.pid === pid && file.status === 'ready') return true
  } while (await after(10))
  return false
}

function failureFrom(output: string): StartFailure {
  // Empty for an instant while another server writes it; one that stays so is told when the time is over.
  if (/lock file "postmaster\.pid" (?:already exists|is empty)/.test(output)) return { reason: 'already-running', output }
  if (/pre-existing shared memory block/.test(output)) return { reason: 'old-backends', output }
  if (/could not bind|could not create any TCP\/IP sockets/.test(output)) return { reason: 'port-taken', output }
  return { reason: 'other', output }
}

/** Starts a new log when the old one has grown; returns where this run's lines begin. */
async function prepareLog(path: string): Promise<number> {
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  )
  if (size <= maxLogBytes) return size
  await rename(path, `${path}.1`)
  return 0
}
