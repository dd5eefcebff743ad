import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { runProgram } from './run-program.ts'

/**
 * Where the kernel cannot end the server with its parent (everywhere but on Linux), a small process does: it waits at
 * a pipe that ends when its parent does, however that ended, and then asks the server to shut down.
 */
export function watchParent(dataDir: string, serverPid: number, pgCtl: string): ChildProcess {
  const serverFile = join(dataDir, 'postmaster.pid')
  const watcher =
    process.platform === 'win32'
      ? spawn(process.execPath, ['-e', windowsScript, pgCtl, dataDir], {
          stdio: ['pipe', 'ignore', 'ignore'],
          detached: true,
          windowsHide: true,
        })
      : spawn('/bin/sh', ['-c', posixScript, 'cairn-postgres-watch', String(serverPid), serverFile], {
          stdio: ['pipe', 'ignore', 'ignore'],
          // In a session of its own: Ctrl-C is for the parent, which may still want the database to end in order.
          detached: true,
          cwd: '/',
        })
  watcher.unref()
  // The pipe must not keep the parent alive either.
  if (watcher.stdin !== null && 'unref' in watcher.stdin && typeof watcher.stdin.unref === 'function') watcher.stdin.unref()
  return watcher
}

/** A fast shutdown: sessions are ended, everything is written. Windows has no signals; there its own tool does it. */
export async function requestShutdown(server: ChildProcess, dataDir: string, pgCtl: string): Promise<void> {
  if (process.platform === 'win32') await runProgram({ file: pgCtl, args: ['stop', '-D', dataDir, '-m', 'fast', '-W'] })
  else server.kill('SIGINT')
}

// The number is compared with the lock file first: the server may have ended before, and its number be used again.
const posixScript = `
while read -r line; do :; done
read -r running < "$2" && [ "$running" = "$1" ] && kill -INT "$1"
`

const windowsScript = `
process.stdin.resume().on('close', () => {
  require('node:child_process').spawnSync(process.argv[1], ['stop', '-D', process.argv[2], '-m', 'fast'])
})
`
