import { readdir, readlink, symlink } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/** Waits for a condition of the outside world (another process, a file); false when it did not come about in time. */
export async function eventually(condition: () => boolean | Promise<boolean>, withinMs = 30_000): Promise<boolean> {
  const until = Date.now() + withinMs
  for (;;) {
    if (await condition()) return true
    if (Date.now() > until) return false
    await delay(10)
  }
}

/** The processes that work in a folder: a PostgreSQL server and its sessions, for a data folder. Linux. */
export async function processesIn(folder: string): Promise<number[]> {
  const found: number[] = []
  for (const entry of await readdir('/proc')) {
    if (/^\d+$/.test(entry) && (await readlink(`/proc/${entry}/cwd`).catch(() => '')) === folder) found.push(Number(entry))
  }
  return found
}

/** SIGKILL to all that work in a folder, and until they are gone. */
export async function killAllIn(folder: string): Promise<void> {
  await eventually(async () => {
    const left = await processesIn(folder)
    for (const pid of left) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // Gone by itself.
      }
    }
    return left.length === 0
  })
}

/** Fills a folder so that, as a PATH, it offers only these programs. */
export async function makePath(folder: string, programs: readonly string[]): Promise<void> {
  for (const program of programs) {
    for (const place of (process.env['PATH'] ?? '').split(delimiter)) {
      const entries = await readdir(place).catch((): string[] => [])
      if (entries.includes(program)) {
        await symlink(join(place, program), join(folder, program))
        break
      }
    }
  }
}
