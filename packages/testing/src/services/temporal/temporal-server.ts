import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, open, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { callAs, freePort, hasDeathSignal } from '@cairn/infra/embedded'
import { leftFolders, newFolderName } from '../own-folders.ts'
import { ServiceUnavailableError } from '../service-unavailable-error.ts'
import type { TemporalServerSettings, TemporalService } from './temporal-service.ts'

const startMs = 30_000
/** It looks for further ports by itself, and somebody may take one of them first. */
const starts = 3
const prefix = 'cairn-test-temporal'

/** Starts `temporal server start-dev` on a free port; it ends with this process at the latest. */
export async function startTemporalServer(program: string, settings: TemporalServerSettings): Promise<Omit<TemporalService, 'kind'>> {
  for (const left of await leftFolders(prefix)) await rm(left, { recursive: true, force: true })
  const home = newFolderName(prefix)
  await mkdir(home, { mode: 0o700 })
  const port = await freePort()
  const address = `127.0.0.1:${port}`
  const begin = (): Promise<ChildProcess> => start(program, port, settings, join(home, 'server.log'))
  let running = await begin()
  let stopped = false
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (stopped) return
    stopped = true
    await endChild(running, signal)
  }
  return {
    address,
    namespace: 'default',
    async stop() {
      await end('SIGTERM')
      await rm(home, { recursive: true, force: true })
    },
    kill: () => end('SIGKILL'),
    async restart() {
      if (!stopped) await end('SIGTERM')
      running = await begin()
      stopped = false
    },
  }
}

async function start(
  program: string,
  port: number,
  { dbFile, dynamicConfig = {} }: TemporalServerSettings,
  logFile: string,
  left = starts - 1,
): Promise<ChildProcess> {
  const args = ['server', 'start-dev', '--headless', '--ip', '127.0.0.1', '--port', String(port), '--log-level', 'error']
  if (dbFile !== undefined) args.push('--db-filename', dbFile)
  for (const [key, value] of Object.entries(dynamicConfig)) args.push('--dynamic-config-value', `${key}=${JSON.stringify(value)}`)
  const call = callAs({ kind: 'self' }, program, args, await hasDeathSignal())
  await mkdir(dirname(logFile), { recursive: true, mode: 0o700 })
  // A file and no pipe: a pipe would keep this process alive, and the server would not outlive its closing.
  const log = await open(logFile, 'a')
  const child = spawn(call.file, call.args, { stdio: ['ignore', log.fd, log.fd], windowsHide: true })
  let ended = false
  child.once('error', () => (ended = true))
  child.once('exit', () => (ended = true))
  await log.close()
  const until = Date.now() + startMs
  while (!(await serves(program, port))) {
    if (!ended && Date.now() < until) {
      await delay(50)
      continue
    }
    if (!ended) await endChild(child, 'SIGKILL')
    const said = await readFile(logFile, 'utf8').catch(() => '')
    if (ended && left > 0 && said.includes('address already in use')) {
      await rm(logFile)
      return start(program, port, { dbFile, dynamicConfig }, logFile, left - 1)
    }
    throw new ServiceUnavailableError(
      'temporal',
      `The Temporal server ${program} did not start: ${said.trim().split('\n').slice(-3).join(' ')}`,
    )
  }
  // It must not keep a test process alive that has forgotten to stop it.
  child.unref()
  return child
}

/** True when the namespace for tests answers. */
async function serves(program: string, port: number): Promise<boolean> {
  try {
    await promisify(execFile)(program, ['operator', 'namespace', 'describe', '--namespace', 'default', '--address', `127.0.0.1:${port}`], {
      timeout: 5_000,
    })
    return true
  } catch {
    return false
  }
}

async function endChild(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.ref()
  const gone = once(child, 'exit')
  child.kill(signal)
  const killed = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await gone
  clearTimeout(killed)
}
