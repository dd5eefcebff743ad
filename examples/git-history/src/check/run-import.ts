import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { resolve } from 'node:path'
import type { Digest } from '../import/digest.ts'
import type { ImportReport } from '../import/import-history.ts'
import type { ReadModelDigest } from './read-model-digest.ts'

export interface RunOptions {
  readonly repo: string
  readonly data: string
  /** SIGKILL as soon as this share (0 to 1) of what there is to import in this run is stored; undefined lets it end. */
  readonly killAt?: number | undefined
  readonly digest?: boolean | undefined
}

export interface RunResult {
  readonly killed: boolean
  /** Wholly stored in this run, as far as it told. */
  readonly commits: number
  readonly peakRssMb: number
  readonly seconds: number
  /** Of a run that ended by itself. */
  readonly result: ChildResult | undefined
}

export interface ChildResult {
  readonly report: ImportReport
  readonly digest: Digest | undefined
  /** Commits that the events know. */
  readonly commits: number | undefined
  /** The files that are there at the end, as the events tell. */
  readonly paths: readonly string[] | undefined
  readonly readModels: ReadModelDigest | undefined
}

/** As the demo is started: measured on 15,000 commits, 216 MB resident in place of 280, at the same speed. V8 takes it at its start only. */
const smallNewSpace = '--max-semi-space-size=4'

/** Runs one import in a child process, and kills it on the way if asked to. */
export async function runImport({ repo, data, killAt, digest = false }: RunOptions): Promise<RunResult> {
  const started = performance.now()
  // On a database of its own, whatever the shell has in mind.
  const { DATABASE_URL: _, SUPABASE_DB_URL: __, ...env } = process.env
  const script = resolve(import.meta.dirname, 'import-child.ts')
  const child = spawn(process.execPath, [smallNewSpace, script, '--repo', repo, '--data', data, ...(digest ? ['--digest'] : [])], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text))
  const ended = new Promise<NodeJS.Signals | number | null>((done) => child.once('close', (code, by) => done(by ?? code)))
  let commits = 0
  let peakRssMb = 0
  let result: ChildResult | undefined
  for await (const text of createInterface({ input: child.stdout })) {
    const line = parseLine(text)
    if (line === undefined) continue
    peakRssMb = Math.max(peakRssMb, line.rssMb)
    if ('report' in line) result = line
    else {
      commits = line.commits
      if (killAt !== undefined && commits >= killAt * line.total) child.kill('SIGKILL')
    }
  }
  const status = await ended
  if (status !== 0 && status !== 'SIGKILL') throw new Error(`The import failed (${String(status)}): ${complaint.trim()}`)
  return { killed: status === 'SIGKILL', commits, peakRssMb, seconds: (performance.now() - started) / 1000, result }
}

type Line = ({ readonly commits: number; readonly total: number } | ChildResult) & { readonly rssMb: number }

/** Undefined for a line that a kill cut short. */
function parseLine(text: string): Line | undefined {
  try {
    return JSON.parse(text) as Line
  } catch {
    return undefined
  }
}
