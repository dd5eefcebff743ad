import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export interface Child {
  readonly process: ChildProcess
  /** The first line that it prints; undefined when it ends without one. */
  readonly line: Promise<string | undefined>
  /** SIGKILL, and until it is gone. */
  kill(): Promise<void>
  /** Ends its input, and waits until it has ended. */
  end(): Promise<void>
}

/** Runs a program of this folder as a process of its own. */
export function startChild(program: 'router-child.ts' | 'worker-child.ts', plan: unknown): Child {
  const child = spawn(process.execPath, [fileURLToPath(new URL(program, import.meta.url))], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, CAIRN_TEST_PLAN: JSON.stringify(plan) },
  })
  const gone = once(child, 'exit')
  const firstLine = async (): Promise<string | undefined> => {
    for await (const line of createInterface({ input: child.stdout })) return line
    return undefined
  }
  return {
    process: child,
    line: firstLine(),
    async kill() {
      child.kill('SIGKILL')
      await gone
    },
    async end() {
      child.stdin.end()
      await gone
    },
  }
}
