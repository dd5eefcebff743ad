import { Buffer } from 'node:buffer'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { FakeFile } from './file-table.ts'
import type { OddPerson } from './odd-names.ts'

export type FileEdit =
  | { readonly op: 'write'; readonly path: string; readonly file: FakeFile }
  | { readonly op: 'delete'; readonly path: string }
  | { readonly op: 'rename' | 'copy'; readonly from: string; readonly path: string }

export interface NewCommit {
  readonly branch: string
  /** Numbers of earlier commits; none for a root. */
  readonly parents: readonly number[]
  readonly author: OddPerson
  /** Seconds since 1970. */
  readonly time: number
  readonly message: string
  readonly encoding?: string | undefined
  readonly edits: readonly FileEdit[]
}

const flushAt = 1 << 20

/** Writes commits into a repository through `git fast-import`, as fast as git takes them. All text is bytes, one a character. */
export class FastImport {
  readonly #child
  readonly #closed: Promise<unknown[]>
  #complaint = ''
  #buffer = ''
  #commits = 0

  constructor(folder: string) {
    this.#child = spawn('git', ['-c', 'pack.compression=1', '-C', folder, 'fast-import', '--quiet', '--done', '--date-format=raw'], {
      stdio: ['pipe', 'ignore', 'pipe'],
    })
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#complaint += text))
    this.#closed = once(this.#child, 'close')
    // A broken pipe shows as the exit status; the complaint says why.
    this.#child.stdin.on('error', () => undefined)
  }

  /** Returns the commit's number, by which later ones name it as a parent. */
  async commit(commit: NewCommit): Promise<number> {
    const mark = ++this.#commits
    const who = `${commit.author.name === '' ? '' : `${commit.author.name} `}<${commit.author.email}> ${commit.time} +0000`
    const [first, ...others] = commit.parents
    // A root: forget what the branch held before.
    if (first === undefined) this.#buffer += `reset refs/heads/${commit.branch}\n`
    this.#buffer += `commit refs/heads/${commit.branch}\nmark :${mark}\nauthor ${who}\ncommitter ${who}\n`
    if (commit.encoding !== undefined) this.#buffer += `encoding ${commit.encoding}\n`
    this.#buffer += data(commit.message)
    if (first !== undefined) this.#buffer += `from :${first}\n`
    for (const other of others) this.#buffer += `merge :${other}\n`
    for (const edit of commit.edits) this.#buffer += editLines(edit)
    this.#buffer += '\n'
    if (this.#buffer.length >= flushAt) await this.#flush()
    return mark
  }

  async deleteBranch(branch: string): Promise<void> {
    this.#buffer += `reset refs/heads/${branch}\nfrom ${'0'.repeat(40)}\n\n`
  }

  async finish(): Promise<void> {
    this.#buffer += 'done\n'
    await this.#flush()
    this.#child.stdin.end()
    const [status] = await this.#closed
    if (status !== 0) throw new Error(`git fast-import failed (${String(status)}): ${this.#complaint.trim()}`)
  }

  async #flush(): Promise<void> {
    const bytes = Buffer.from(this.#buffer, 'latin1')
    this.#buffer = ''
    if (!this.#child.stdin.write(bytes)) await Promise.race([once(this.#child.stdin, 'drain'), this.#closed])
  }
}

function editLines(edit: FileEdit): string {
  switch (edit.op) {
    case 'write':
      return edit.file.mode === '160000'
        ? `M 160000 ${edit.file.data} ${quote(edit.path)}\n`
        : `M ${edit.file.mode} inline ${quote(edit.path)}\n${data(edit.file.data)}`
    case 'delete':
      return `D ${quote(edit.path)}\n`
    case 'rename':
      return `R ${quote(edit.from)} ${quote(edit.path)}\n`
    case 'copy':
      return `C ${quote(edit.from)} ${quote(edit.path)}\n`
  }
}

function data(bytes: string): string {
  return `data ${bytes.length}\n${bytes}\n`
}

function quote(path: string): string {
  return `"${path.replaceAll(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`))}"`
}
