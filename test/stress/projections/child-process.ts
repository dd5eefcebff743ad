import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { ChildSettings } from './child-settings.ts'

export interface ChildEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** A process that a check started. */
export interface Child {
  /** As in the list of members. */
  readonly label: string
  readonly ended: Promise<ChildEnd>
  /** Resolves with the message that has this field; undefined when the process ended without one. */
  said(field: string): Promise<Readonly<Record<string, unknown>> | undefined>
  /** The field's value in the last message that has it. */
  latest(field: string): unknown
  /** Stopped by SIGSTOP, as the kernel says. Linux. */
  isStopped(): boolean
  signal(name: NodeJS.Signals): void
  /** A line on its standard input. */
  tell(line: string): void
  /** Lets it finish what is under way; one that does not end is killed in the end. */
  finish(): Promise<ChildEnd>
  kill(): Promise<ChildEnd>
}

/** How long an ordered end may take. */
const finishMs = 90_000

const fileOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

export function startShop(settings: ChildSettings): Child {
  return start([fileOf('shop-child.ts')], settings, settings.label)
}

export function startRebuild(settings: ChildSettings): Child {
  return start([fileOf('rebuild-child.ts')], settings, settings.label)
}

/** The command, as a user runs it. */
export function startCommand(settings: ChildSettings, ...args: readonly string[]): Child {
  const command = fileOf('../../../packages/projections/src/cli/main.ts')
  return start([command, ...args, '--json', '--config', fileOf('cairn.config.ts')], settings, settings.label)
}

export function start(args: readonly string[], settings: object, label: string): Child {
  const env = { ...process.env, STRESS_CHILD: JSON.stringify(settings), NO_COLOR: '1' }
  const child = spawn(process.execPath, [...args], { env, stdio: ['pipe', 'pipe', 'pipe'] })
  // A child that was killed takes no goodbye.
  child.stdin.on('error', () => undefined)
  const messages: Record<string, unknown>[] = []
  const lookers = new Set<() => void>()
  let stdout = ''
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => void (stderr += chunk.toString()))
  createInterface(child.stdout).on('line', (line) => {
    stdout += `${line}\n`
    if (!line.startsWith('{')) return
    messages.push(JSON.parse(line))
    for (const look of lookers) look()
  })
  const ended = new Promise<ChildEnd>((resolve) => child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr })))
  return {
    label,
    ended,
    said(field) {
      const { promise, resolve } = Promise.withResolvers<Record<string, unknown> | undefined>()
      const look = (): void => {
        const found = messages.find((message) => field in message)
        if (found !== undefined) resolve(found)
      }
      lookers.add(look)
      look()
      void ended.then(() => resolve(messages.find((message) => field in message)))
      return promise
    },
    latest: (field) => messages.findLast((message) => field in message)?.[field],
    isStopped: () => child.pid !== undefined && /^State:\s+T/m.test(readFileSync(`/proc/${child.pid}/status`, 'utf8')),
    signal: (name) => void child.kill(name),
    tell: (line) => void child.stdin.write(`${line}\n`),
    finish() {
      child.stdin.end()
      const timer = setTimeout(() => child.kill('SIGKILL'), finishMs)
      return ended.finally(() => clearTimeout(timer))
    },
    kill() {
      child.kill('SIGKILL')
      return ended
    },
  }
}
