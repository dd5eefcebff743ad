import { spawn } from 'node:child_process'

export interface ProgramCall {
  readonly file: string
  readonly args: readonly string[]
  /** The account to run as; only root can name another. */
  readonly uid?: number
  readonly gid?: number
}

export interface ProgramResult {
  /** The exit code; null when a signal ended it or it could not be started. */
  readonly code: number | null
  /** What it said, on both outputs; the reason when it could not be started. */
  readonly output: string
}

/** Runs a program to its end. Never rejects: that a program cannot be started is a result too. */
export function runProgram(call: ProgramCall): Promise<ProgramResult> {
  return new Promise((resolve) => {
    const { uid, gid } = call
    const child = spawn(call.file, call.args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: '/',
      env: postgresEnvironment(),
      windowsHide: true,
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    })
    let output = ''
    const collect = (chunk: Buffer): void => {
      output += chunk.toString('utf8')
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.on('error', (error) => resolve({ code: null, output: error.message }))
    child.on('close', (code) => resolve({ code, output }))
  })
}

/** Ours without PGDATA, PGPORT and their like, which would overrule what we say; messages in English, because some are read. */
export function postgresEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('PG') && !name.startsWith('LC_'))
  return { ...Object.fromEntries(kept), LC_ALL: 'C' }
}
