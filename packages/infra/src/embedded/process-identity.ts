import { readFile, readlink, realpath } from 'node:fs/promises'
import { runProgram } from './run-program.ts'

/** A process that is told apart from a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number
  /** When it started, in whatever unit this system has; null where it cannot be asked. */
  readonly started: string | null
}

export async function identify(pid: number): Promise<ProcessIdentity> {
  return { pid, started: await startTime(pid) }
}

/** True when that very process still runs. */
export async function isStillRunning(identity: ProcessIdentity): Promise<boolean> {
  return isProcessAlive(identity.pid) && (await startTime(identity.pid)) === identity.started
}

export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Not ours to signal, but there.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** True when the process is a PostgreSQL server on this data folder; a process number alone may have been used again. */
export async function isServerOf(pid: number, dataDir: string): Promise<boolean> {
  if (!isProcessAlive(pid)) return false
  if (process.platform === 'linux') {
    try {
      // The server's working directory is its data folder.
      return (await readlink(`/proc/${pid}/cwd`)) === (await realpath(dataDir))
    } catch (error) {
      // Another user's process hides its folder; a zombie has none.
      if (!(error instanceof Error && 'code' in error && error.code === 'EACCES')) return false
      return (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).startsWith('postgres')
    }
  }
  if (process.platform === 'win32') return true
  return (await runProgram({ file: 'ps', args: ['-o', 'command=', '-p', String(pid)] })).output.includes('postgres')
}

async function startTime(pid: number): Promise<string | null> {
  if (process.platform === 'win32') return null
  if (process.platform !== 'linux') {
    const { code, output } = await runProgram({ file: 'ps', args: ['-o', 'lstart=', '-p', String(pid)] })
    return code === 0 ? output.trim() : null
  }
  const line = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // The second field, the program's name in brackets, may hold spaces and brackets itself; the start is field 22.
  return line === '' ? null : (line.slice(line.lastIndexOf(')') + 2).split(' ')[19] ?? null)
}
