import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A name among the system's temporary files that says which process it belongs to. */
export function newFolderName(prefix: string): string {
  return join(tmpdir(), `${prefix}-${process.pid}-${randomBytes(4).toString('hex')}`)
}

/** Folders with such names whose processes have ended without removing them. */
export async function leftFolders(prefix: string): Promise<string[]> {
  const entries = await readdir(tmpdir())
  const left = entries.filter((entry) => {
    const pid = entry.startsWith(`${prefix}-`) ? Number.parseInt(entry.slice(prefix.length + 1), 10) : 0
    return pid > 0 && !isAlive(pid)
  })
  return left.map((entry) => join(tmpdir(), entry))
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
