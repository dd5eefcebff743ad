import type { Buffer } from 'node:buffer'
import { bytesToText } from './bytes-to-text.ts'
import type { Commit, FileChange, FileKind, LineCounts } from './commit.ts'

/** The format that LogParser reads: a mark no diff line can start with, then fields that end with NUL. */
export const logFormat = '%x01%H%x00%P%x00%an%x00%ae%x00%at%x00%s'
const fieldsPerCommit = 6
const mark = 0x01
const colon = 0x3a
const newline = 0x0a
const subjectLimit = 300

const noLines: LineCounts = { added: 0, deleted: 0, binary: false }

interface RawEntry {
  readonly letter: string
  readonly kind: FileKind
  readonly kindBefore: FileKind
  readonly content: string
  readonly paths: string[]
}

/**
 * Reads the tokens of `git log -z --raw --numstat --format=<logFormat>`. Names may hold any byte but NUL, so every token
 * is known by its place: fields and paths are counted off, never recognised by what they look like.
 */
export class LogParser {
  #fields: string[] = []
  #entries: RawEntry[] = []
  #lines = new Map<string, LineCounts>()
  #awaited: 'fields' | 'entry' | 'path' | 'stat-from' | 'stat-to' = 'entry'
  #pathsLeft = 0
  #stat: LineCounts = noLines
  #started = false

  /** Takes one token; returns the commit before it when the token starts the next one. */
  push(token: Buffer): Commit | undefined {
    switch (this.#awaited) {
      case 'fields':
        this.#fields.push(bytesToText(token))
        if (this.#fields.length === fieldsPerCommit) this.#awaited = 'entry'
        return undefined
      case 'path':
        this.#entries.at(-1)?.paths.push(bytesToText(token))
        if (--this.#pathsLeft === 0) this.#awaited = 'entry'
        return undefined
      case 'stat-from':
        this.#awaited = 'stat-to'
        return undefined
      case 'stat-to':
        this.#lines.set(bytesToText(token), this.#stat)
        this.#awaited = 'entry'
        return undefined
      case 'entry':
        return this.#entry(token)
    }
  }

  /** The last commit. */
  end(): Commit | undefined {
    return this.#finish()
  }

  #entry(token: Buffer): Commit | undefined {
    // One line feed stands between the fields and the diff.
    const bytes = token[0] === newline ? token.subarray(1) : token
    if (bytes.length === 0) return undefined
    if (bytes[0] === mark) {
      const before = this.#finish()
      this.#started = true
      this.#fields = [bytes.toString('latin1', 1)]
      this.#awaited = 'fields'
      return before
    }
    if (bytes[0] === colon) this.#raw(bytes.toString('latin1'))
    else this.#numstat(bytes)
    return undefined
  }

  /** `:100644 100644 <oid> <oid> R100`; the paths follow as tokens of their own. */
  #raw(text: string): void {
    const [modeBefore = '', modeAfter = '', , oidAfter = '', status = ''] = text.slice(1).split(' ')
    const letter = status.charAt(0)
    this.#entries.push({ letter, kind: kindOf(modeAfter), kindBefore: kindOf(modeBefore), content: oidAfter, paths: [] })
    this.#pathsLeft = letter === 'R' || letter === 'C' ? 2 : 1
    this.#awaited = 'path'
  }

  /** `<added> TAB <deleted> TAB <path>`; for a rename the path is empty and two tokens follow. */
  #numstat(bytes: Buffer): void {
    const first = bytes.indexOf(0x09)
    const second = bytes.indexOf(0x09, first + 1)
    if (first === -1 || second === -1) throw new Error(`Unexpected line in the output of git log: ${bytes.toString('latin1')}`)
    const added = bytes.toString('latin1', 0, first)
    const deleted = bytes.toString('latin1', first + 1, second)
    const binary = added === '-'
    const lines = { added: binary ? 0 : Number(added), deleted: binary ? 0 : Number(deleted), binary }
    if (second === bytes.length - 1) {
      this.#stat = lines
      this.#awaited = 'stat-from'
    } else this.#lines.set(bytesToText(bytes.subarray(second + 1)), lines)
  }

  #finish(): Commit | undefined {
    if (!this.#started) return undefined
    this.#started = false
    const [sha = '', parents = '', name = '', email = '', seconds = '', subject = ''] = this.#fields
    const commit = {
      sha,
      parents: parents === '' ? [] : parents.split(' '),
      author: { name, email },
      authoredAt: isoTime(seconds),
      subject: shorten(subject),
      changes: this.#entries.map((entry) => this.#change(entry)),
    }
    this.#entries = []
    this.#lines.clear()
    return commit
  }

  #change(entry: RawEntry): FileChange {
    const [first = '', second] = entry.paths
    const path = second ?? first
    const lines = this.#lines.get(path) ?? noLines
    // git shows a submodule as one line of text; that line is nobody's work. What a file had in its place is somebody's.
    const counted = {
      ...lines,
      added: entry.kind === 'submodule' ? 0 : lines.added,
      deleted: entry.kindBefore === 'submodule' ? 0 : lines.deleted,
    }
    switch (entry.letter) {
      case 'A':
      case 'C':
        return { status: 'added', path, from: undefined, kind: entry.kind, content: entry.content, lines: counted }
      case 'D':
        return { status: 'deleted', path, from: undefined, kind: 'file', content: undefined, lines: counted }
      case 'R':
        return { status: 'renamed', path, from: first, kind: entry.kind, content: entry.content, lines: counted }
      default:
        return { status: 'modified', path, from: undefined, kind: entry.kind, content: entry.content, lines: counted }
    }
  }
}

function kindOf(mode: string): FileKind {
  if (mode === '100755') return 'executable'
  if (mode === '120000') return 'symlink'
  return mode === '160000' ? 'submodule' : 'file'
}

/** Commits with broken dates exist: before 1970, beyond the year 9999, or no number at all. */
function isoTime(seconds: string): string {
  const ms = Number(seconds) * 1000
  return new Date(Number.isFinite(ms) && ms >= 0 && ms < 253_402_300_800_000 ? ms : 0).toISOString()
}

function shorten(text: string): string {
  if (text.length <= subjectLimit) return text
  // Half of a surrogate pair is no text.
  return `${text.slice(0, subjectLimit).replace(/[\uD800-\uDBFF]$/, '')}…`
}
