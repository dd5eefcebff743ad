import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir } from 'node:fs/promises'
import { changedFile, newFile } from './content.ts'
import { FastImport, type FileEdit } from './fast-import.ts'
import { FileTable } from './file-table.ts'
import { mergeEdits } from './merge-edits.ts'
import { messageFor, pathFor, personFor } from './odd-names.ts'
import { Random } from './random.ts'

export interface GenerateOptions {
  /** How many commits, merges included. */
  readonly commits: number
  /** The same seed gives the same repository, byte for byte. */
  readonly seed: number
  /** Must be empty or not exist; becomes a bare repository with the branch `main`. */
  readonly folder: string
}

interface Branch {
  readonly name: string
  readonly files: FileTable
  tip: number | undefined
  /** Since it left main. */
  readonly touched: Set<string>
  commitsLeft: number
  /** The files it started from. */
  readonly base: FileTable
}

const maxTopics = 3

/** Makes a repository with all that real ones have: merges, conflicts, renames, re-created files, odd bytes, two roots. */
export async function generateRepository(options: GenerateOptions): Promise<void> {
  const { folder, commits } = options
  await mkdir(folder, { recursive: true })
  if ((await readdir(folder)).length > 0) throw new Error(`${folder} is not empty. Name a folder that is, or a new one.`)
  const [status] = await once(spawn('git', ['init', '--quiet', '--bare', '--initial-branch=main', folder], { stdio: 'inherit' }), 'close')
  if (status !== 0) throw new Error(`git init failed in ${folder}.`)
  await new Generator(options).run(commits)
}

class Generator {
  readonly #random: Random
  readonly #git: FastImport
  readonly #main: Branch = branch('main', new FileTable(), undefined)
  #topics: Branch[] = []
  readonly #deleted: string[] = []
  #commits = 0
  #serial = 0

  constructor(options: GenerateOptions) {
    this.#random = new Random(options.seed)
    this.#git = new FastImport(options.folder)
  }

  async run(commits: number): Promise<void> {
    const secondRootAt = Math.floor(commits / 3)
    // Each open topic still needs one commit: its merge.
    while (this.#commits < commits - this.#topics.length) {
      const room = commits - this.#commits - this.#topics.length
      const ready = this.#topics.filter((topic) => topic.commitsLeft === 0)
      if (this.#commits === secondRootAt && room > 2 && this.#topics.length < maxTopics && secondRootAt > 0) await this.#secondRoot()
      else if (ready.length > 0 && this.#random.chance(0.3)) await this.#merge(this.#random.chance(0.3) ? ready : ready.slice(0, 1))
      else if (room > 2 && this.#main.tip !== undefined && this.#topics.length < maxTopics && this.#random.chance(0.04)) this.#fork()
      else await this.#work(this.#branchToWorkOn())
    }
    for (const topic of this.#topics) await this.#merge([topic])
    for (let i = 0; i < maxTopics; i++) await this.#git.deleteBranch(`topic-${i}`)
    await this.#git.finish()
  }

  #branchToWorkOn(): Branch {
    const open = this.#topics.filter((topic) => topic.commitsLeft > 0)
    return open[this.#random.below(open.length * 2)] ?? this.#main
  }

  #freeName(): string {
    const used = new Set(this.#topics.map((topic) => topic.name))
    return Array.from({ length: maxTopics }, (_, i) => `topic-${i}`).find((name) => !used.has(name)) ?? 'topic-0'
  }

  #fork(): void {
    const topic = branch(this.#freeName(), new FileTable(this.#main.files), this.#main.tip, new FileTable(this.#main.files))
    topic.commitsLeft = 1 + this.#random.skewed(8)
    this.#topics.push(topic)
  }

  async #secondRoot(): Promise<void> {
    const topic = branch(this.#freeName(), new FileTable(), undefined)
    topic.commitsLeft = 1
    this.#topics.push(topic)
    await this.#work(topic)
  }

  async #work(on: Branch): Promise<void> {
    const edits: FileEdit[] = []
    const busy = new Set<string>()
    const count = on.tip === undefined ? 5 : this.#random.chance(0.01) ? 0 : 1 + this.#random.skewed(4)
    for (let i = 0; i < count; i++) edits.push(...this.#edit(on, busy))
    const message = messageFor(this.#random)
    on.tip = await this.#commit(on, on.tip === undefined ? [] : [on.tip], message.text, edits, message.encoding)
    if (on.commitsLeft > 0) on.commitsLeft--
  }

  /** One change to the branch's files; none when the file it chose was changed in this commit already. */
  #edit(on: Branch, busy: Set<string>): readonly FileEdit[] {
    const random = this.#random
    const dice = random.next()
    const chosen = on.files.pick(random)
    const file = chosen === undefined ? undefined : on.files.get(chosen)
    if (chosen === undefined || file === undefined || dice < (on.files.size < 2_000 ? 0.18 : 0.06)) {
      const again = random.chance(0.1) ? this.#deleted[random.below(this.#deleted.length)] : undefined
      const path = again !== undefined && on.files.get(again) === undefined ? again : pathFor(random, ++this.#serial)
      return busy.has(path) ? [] : [this.#write(on, busy, path, newFile(random))]
    }
    if (busy.has(chosen)) return []
    if (dice > 0.94) {
      this.#remove(on, busy, chosen)
      this.#deleted.push(chosen)
      return [{ op: 'delete', path: chosen }]
    }
    if (dice > 0.88) return this.#move(on, busy, chosen, file)
    if (dice > 0.86) {
      const path = pathFor(random, ++this.#serial)
      this.#write(on, busy, path, file)
      return [{ op: 'copy', from: chosen, path }]
    }
    return [this.#write(on, busy, chosen, changedFile(random, file))]
  }

  /** A rename; half of them with a change of content too. */
  #move(
    on: Branch,
    busy: Set<string>,
    from: string,
    file: { mode: '100644' | '100755' | '120000' | '160000'; data: string },
  ): readonly FileEdit[] {
    const path = pathFor(this.#random, ++this.#serial)
    this.#remove(on, busy, from)
    const moved = this.#write(on, busy, path, this.#random.chance(0.5) ? changedFile(this.#random, file) : file)
    return [{ op: 'rename', from, path }, moved]
  }

  #write(on: Branch, busy: Set<string>, path: string, file: Parameters<FileTable['set']>[1]): FileEdit {
    on.files.set(path, file)
    on.touched.add(path)
    busy.add(path)
    return { op: 'write', path, file }
  }

  #remove(on: Branch, busy: Set<string>, path: string): void {
    on.files.delete(path)
    on.touched.add(path)
    busy.add(path)
  }

  async #merge(topics: readonly Branch[]): Promise<void> {
    const edits = new Map<string, FileEdit>()
    for (const topic of topics) {
      for (const edit of mergeEdits(this.#random, topic.touched, topic.base, topic.files, this.#main.files)) {
        edits.set(edit.path, edit)
        if (edit.op === 'write') this.#main.files.set(edit.path, edit.file)
        else this.#main.files.delete(edit.path)
        // Topics still open: what came in now is a change on main's side for them.
      }
    }
    const tips = [this.#main, ...topics].flatMap((from) => (from.tip === undefined ? [] : [from.tip]))
    this.#main.tip = await this.#commit(this.#main, tips, `Merge ${topics.map((topic) => topic.name).join(' and ')}\n`, [...edits.values()])
    this.#topics = this.#topics.filter((topic) => !topics.includes(topic))
  }

  async #commit(on: Branch, parents: readonly number[], message: string, edits: readonly FileEdit[], encoding?: string): Promise<number> {
    this.#commits++
    // Topics are written days before they are merged, so their dates lie behind those of main.
    const time = 1_420_070_400 + this.#commits * 900 - (on === this.#main ? 0 : 400_000)
    const author = personFor(this.#random)
    return this.#git.commit({ branch: on.name, parents, author, time, message, encoding, edits })
  }
}

function branch(name: string, files: FileTable, tip: number | undefined, base = new FileTable()): Branch {
  return { name, files, tip, touched: new Set(), commitsLeft: 0, base }
}
