import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, relative, resolve } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = resolve(import.meta.dirname, '../..')
const tscPath = join(createRequire(import.meta.url).resolve('typescript/package.json'), '../bin/tsc')

export interface Diagnostic {
  /** Absolute; undefined for an error of the whole program. */
  readonly file: string | undefined
  readonly line: number
  /** All of its lines. */
  readonly text: string
}

/** Runs the TypeScript compiler and returns its errors. */
export async function tsc(...args: readonly string[]): Promise<readonly Diagnostic[]> {
  try {
    await run(process.execPath, [tscPath, '--pretty', 'false', ...args], { cwd: root, maxBuffer: 1 << 26 })
    return []
  } catch (error) {
    if (typeof error !== 'object' || error === null || !('stdout' in error) || typeof error.stdout !== 'string') throw error
    const found = parse(error.stdout)
    if (found.length === 0) throw error
    return found
  }
}

function parse(output: string): readonly Diagnostic[] {
  const found: { file: string | undefined; line: number; text: string }[] = []
  for (const line of output.split('\n')) {
    const inFile = /^(.+?)\((\d+),\d+\): error (.*)$/.exec(line)
    const last = found.at(-1)
    if (inFile !== null) found.push({ file: resolve(root, inFile[1] ?? ''), line: Number(inFile[2]), text: inFile[3] ?? '' })
    else if (line.startsWith('error ')) found.push({ file: undefined, line: 0, text: line })
    else if (last !== undefined && line.startsWith('  ')) last.text += `\n${line}`
  }
  return found
}

export interface Marker {
  readonly file: string
  readonly line: number
  /** How many errors the line must have. */
  readonly count: number
  readonly pattern: RegExp
}

/** The lines that must not compile: those that end in `// error: <pattern>`, or `// error 2: <pattern>` for two errors. */
export function markersIn(folder: string): readonly Marker[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
  return files.flatMap((name) => {
    const file = join(folder, name)
    return readFileSync(file, 'utf8')
      .split('\n')
      .flatMap((text, index) => {
        const marker = /\/\/ error(?: (\d+))?: (.+)$/.exec(text)
        return marker === null ? [] : [{ file, line: index + 1, count: Number(marker[1] ?? 1), pattern: new RegExp(marker[2] ?? '', 's') }]
      })
  })
}

/** What differs between the errors found and the errors marked, as lines for a person; empty when they agree. */
export function compare(folder: string, markers: readonly Marker[], found: readonly Diagnostic[]): readonly string[] {
  const marked = new Map(markers.map((marker) => [at(marker), marker]))
  const ours = Map.groupBy(
    found.filter(({ file }) => file === undefined || file.startsWith(folder)),
    at,
  )
  const complaints: string[] = []
  for (const [place, { count, pattern }] of marked) {
    const errors = ours.get(place) ?? []
    if (errors.length !== count)
      complaints.push(`${place} should have ${count} error(s), and has ${errors.length}: ${errors.map((e) => e.text).join(' | ')}`)
    for (const { text } of errors) if (!pattern.test(text)) complaints.push(`${place} should fail with ${pattern}, and fails with: ${text}`)
  }
  for (const [place, errors] of ours) {
    if (!marked.has(place)) complaints.push(`${place} should compile, and fails with: ${errors.map((e) => e.text).join(' | ')}`)
  }
  return complaints
}

function at(place: { readonly file: string | undefined; readonly line: number }): string {
  return place.file === undefined ? 'the whole program' : `${relative(root, place.file)}:${place.line}`
}
