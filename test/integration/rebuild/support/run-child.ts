import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { FixtureSettings } from '../fixtures/cairn.config.ts'

export interface ChildResult {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunningChild {
  readonly ended: Promise<ChildResult>
  /** Resolves when the process has written this; false when it ended before. */
  wrote(text: string): Promise<boolean>
  kill(signal: NodeJS.Signals): void
}

const fileOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
export const configFile = fileOf('../fixtures/cairn.config.ts')
const command = fileOf('../../../../packages/projections/src/cli/main.ts')

/** The command, as a user runs it. */
export function startCommand(
  args: readonly string[],
  settings: FixtureSettings,
  config: readonly string[] = ['--config', configFile],
): RunningChild {
  return start([command, ...args, ...config], settings)
}

/** A rebuild of everything in many small commits. */
export function startRebuildChild(settings: FixtureSettings, ...args: readonly string[]): RunningChild {
  return start([fileOf('rebuild-child.ts'), ...args], settings)
}

function start(args: readonly string[], settings: FixtureSettings): RunningChild {
  const env = { ...process.env, REBUILD_TEST: JSON.stringify(settings), NO_COLOR: '1' }
  const child = spawn(process.execPath, [...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  const listeners = new Set<() => void>()
  const tell = (): void => {
    for (const listener of listeners) listener()
  }
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
    tell()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
    tell()
  })
  const ended = new Promise<ChildResult>((resolve) => child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr })))
  return {
    ended,
    kill: (signal) => void child.kill(signal),
    wrote: (text) => {
      const { promise, resolve } = Promise.withResolvers<boolean>()
      const look = (): void => {
        if (stdout.includes(text) || stderr.includes(text)) resolve(true)
      }
      listeners.add(look)
      look()
      void ended.then(() => resolve(stdout.includes(text) || stderr.includes(text)))
      return promise.finally(() => listeners.delete(look))
    },
  }
}
