import { Buffer } from 'node:buffer'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A real repository in a temporary folder, for tests. Every commit is a minute after the one before it. */
export class SandboxRepository implements Disposable {
  readonly folder: string
  #minutes = 0

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'cairn-git-'))
    this.git('init', '--quiet', '--initial-branch=main')
  }

  /** Runs git here and returns what it printed, trimmed. */
  git(...args: string[]): string {
    return this.#run(args, '')
  }

  /** Runs git with bytes on its standard input. */
  #run(args: readonly string[], input: string | Buffer, env: Readonly<Record<string, string>> = {}): string {
    const time = `${1_700_000_000 + 60 * this.#minutes} +0000`
    return execFileSync('git', ['-C', this.folder, ...args], {
      input,
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        HOME: this.folder,
        GIT_CONFIG_NOSYSTEM: '1',
        GIT_AUTHOR_NAME: 'Ann',
        GIT_AUTHOR_EMAIL: 'ann@example.org',
        GIT_COMMITTER_NAME: 'Ann',
        GIT_COMMITTER_EMAIL: 'ann@example.org',
        GIT_AUTHOR_DATE: time,
        GIT_COMMITTER_DATE: time,
        ...env,
      },
    }).trim()
  }

  /** Puts a file into the index, any bytes in its name (one character a byte), without touching the working tree. */
  write(path: string, content: string | Buffer, mode = '100644'): this {
    const id = this.#run(['hash-object', '-w', '--stdin'], content)
    this.#run(['update-index', '-z', '--index-info'], Buffer.from(`${mode} ${id}\t${path}\0`, 'latin1'))
    return this
  }

  submodule(path: string, commit: string): this {
    this.#run(['update-index', '-z', '--index-info'], Buffer.from(`160000 ${commit}\t${path}\0`, 'latin1'))
    return this
  }

  remove(path: string): this {
    this.#run(['update-index', '-z', '--index-info'], Buffer.from(`0 ${'0'.repeat(40)}\t${path}\0`, 'latin1'))
    return this
  }

  /** Commits the index; with `parents`, as a commit (or a merge) of those, moving HEAD there. Returns the sha. */
  commit(
    message = 'change',
    options: { readonly parents?: readonly string[]; readonly author?: readonly [name: string, email: string] } = {},
  ): string {
    this.#minutes++
    const parents = options.parents ?? (this.#hasHead() ? ['HEAD'] : [])
    const tree = this.git('write-tree')
    const [name, email] = options.author ?? []
    const env = { ...(name === undefined ? {} : { GIT_AUTHOR_NAME: name }), ...(email === undefined ? {} : { GIT_AUTHOR_EMAIL: email }) }
    const sha = this.#run(['commit-tree', tree, ...parents.flatMap((parent) => ['-p', parent])], message, env)
    this.git('update-ref', 'HEAD', sha)
    return sha
  }

  /** Makes the index that of a commit, and HEAD point to it. */
  goTo(commit: string): this {
    this.git('update-ref', 'HEAD', commit)
    this.git('read-tree', commit)
    return this
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true })
  }

  #hasHead(): boolean {
    try {
      this.git('rev-parse', '--verify', '--quiet', 'HEAD')
      return true
    } catch {
      return false
    }
  }
}

/** `count` numbered lines. */
export function lines(count: number, word = 'line'): string {
  return Array.from({ length: count }, (_, i) => `${word} ${i}\n`).join('')
}
