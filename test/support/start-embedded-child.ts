import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'

const Up = z.object({ url: z.string(), port: z.number(), attached: z.boolean() })
const Answer = z.union([Up, z.object({ refused: z.string() })])

export interface EmbeddedChild {
  readonly pid: number
  /** Its one line; undefined when it ended without. */
  readonly answer: Promise<z.infer<typeof Answer> | undefined>
  /** Its line, which must not be a refusal. */
  up(): Promise<z.infer<typeof Up>>
  /** SIGKILL, and until it is gone. */
  kill(): Promise<void>
  /** Lets it stop its server and end. */
  end(): Promise<void>
}

const program = fileURLToPath(new URL('embedded-child.ts', import.meta.url))

/** Runs embedded-child.ts as a process of its own, on a PATH of one's choice. */
export function startEmbeddedChild(dataDir: string, options: { readonly path?: string; readonly programs?: string } = {}): EmbeddedChild {
  const child = spawn(process.execPath, [program, dataDir, ...(options.programs === undefined ? [] : [options.programs])], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...(options.path === undefined ? {} : { PATH: options.path }) },
  })
  const { pid } = child
  if (pid === undefined) throw new Error('The child process could not be started.')
  const gone = once(child, 'exit')
  const firstLine = async (): Promise<z.infer<typeof Answer> | undefined> => {
    for await (const line of createInterface({ input: child.stdout })) return Answer.parse(JSON.parse(line))
    return undefined
  }
  const answer = firstLine()
  return {
    pid,
    answer,
    async up() {
      return Up.parse(await answer)
    },
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
