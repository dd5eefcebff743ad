import { derivedUuid } from '@cairn/cairn'
import { GitRepository, repositoryCommands, repositoryId } from '../domain/index.ts'
import { readCommitGraph } from '../git/commit-graph.ts'
import type { Commit } from '../git/commit.ts'
import type { Repository } from '../git/open-repository.ts'
import { readGitLog } from '../git/read-git-log.ts'
import type { LifeChange } from '../lives/life-change.ts'
import { LifeTracker } from '../lives/life-tracker.ts'
import { contributionCommand, fileCommand } from './commands-of-commit.ts'
import type { HistoryApp } from './history-app.ts'
import { knownCommits } from './known-commits.ts'
import { OrderedSender } from './ordered-sender.ts'

export interface ImportOptions {
  readonly app: HistoryApp
  readonly repository: Repository
  /** Import at most so many new commits, the oldest first. @default all */
  readonly limit?: number | undefined
  /** How many commands may be on their way at once. @default 400 */
  readonly inFlight?: number | undefined
  /** Stops the import at the next commit; what is on its way is still stored. */
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: ImportProgress) => void) | undefined
  /** Called with what goes on before the first new commit comes: a long history takes git some seconds. */
  readonly onPhase?: ((phase: string) => void) | undefined
}

export interface ImportProgress {
  /** New commits that are wholly stored. */
  readonly commits: number
  /** How many there are to store in this run. */
  readonly total: number
  /** Events stored in this run. */
  readonly events: number
}

export interface ImportReport extends ImportProgress {
  /** Commits that an earlier run had stored. */
  readonly known: number
  /** Commits in the log that the tips no longer reach: the history was rewritten, or another branch is read. */
  readonly unreachable: number
  /** Commands that had taken effect before, in a run that was cut short. */
  readonly duplicates: number
  readonly seconds: number
  readonly stopped: boolean
}

/**
 * Brings a repository's history into the log: one command for each change of a file, and one for each commit's author.
 *
 * It may be killed at any moment and run again. What to do is found from the events themselves: a commit is done when its
 * contribution is stored, which happens after all its files. Commands carry ids made from what they say, so those of a
 * commit that was cut short are answered from their receipts. Which order commits come in, and from which branch, does
 * not matter. Commits that a rewritten history dropped stay in the log: they happened; questions asked at a commit leave
 * them out.
 */
export async function importHistory(options: ImportOptions): Promise<ImportReport> {
  return new Import(options).run()
}

class Import {
  readonly #options: ImportOptions
  readonly #started = performance.now()
  readonly #sender: OrderedSender
  #commits = 0
  #total = 0
  #events = 0
  #duplicates = 0
  /** Contributions wait here for their turn, so that each contributor's come in the order of the commits. */
  #contributions: Promise<void> = Promise.resolve()

  constructor(options: ImportOptions) {
    this.#options = options
    this.#sender = new OrderedSender({
      app: options.app,
      tenantId: options.repository.id,
      inFlight: options.inFlight ?? 400,
      answered: ({ duplicate, events }) => {
        if (duplicate) this.#duplicates++
        else this.#events += events.length
      },
    })
  }

  async run(): Promise<ImportReport> {
    const { repository, app, limit = Infinity, signal, onPhase } = this.#options
    const before = await app.load(GitRepository, repositoryId, { tenantId: repository.id })
    if (sameTips(before.state.tips, repository.tips)) return this.#report(before.state.commits, 0)
    onPhase?.('looking up which commits are stored')
    const known = await knownCommits(app.events, repository.id)
    onPhase?.('counting the commits')
    const graph = await readCommitGraph(repository.folder, repository.tips, known, signal)
    if (this.#stopped) return this.#report(graph.known, 0)
    this.#total = Math.min(graph.commits - graph.known, limit)
    const tracker = new LifeTracker(graph)
    if (this.#total > 0) {
      onPhase?.('waiting for git log')
      let started = 0
      for await (const commit of readGitLog(repository.folder, repository.tips, signal)) {
        if (this.#stopped || started === limit) break
        const changes = tracker.apply(commit)
        if (known.has(commit.sha)) continue
        started++
        await this.#store(commit, changes)
      }
      await this.#contributions
      await this.#sender.idle()
    }
    if (this.#commits === graph.commits - graph.known) await this.#recordReading(graph.commits)
    return this.#report(graph.known, known.size - graph.known)
  }

  async #store(commit: Commit, changes: readonly LifeChange[]): Promise<void> {
    const files: Promise<void>[] = []
    for (const change of changes) {
      await this.#sender.room()
      files.push(this.#sender.send(fileCommand(commit, change)))
    }
    await this.#sender.room()
    this.#contributions = this.#contribute(commit, changes, Promise.all([this.#contributions, ...files]))
  }

  async #contribute(commit: Commit, changes: readonly LifeChange[], before: Promise<unknown>): Promise<void> {
    await before
    // With a file missing the commit is not done, and must not look as if it were.
    if (this.#sender.failed) this.#sender.leave()
    else void this.#send(commit, changes)
  }

  async #send(commit: Commit, changes: readonly LifeChange[]): Promise<void> {
    await this.#sender.send(contributionCommand(commit, changes))
    this.#stored()
  }

  #stored(): void {
    if (this.#sender.failed) return
    this.#commits++
    this.#options.onProgress?.(this.#progress())
  }

  async #recordReading(commits: number): Promise<void> {
    const { repository, app } = this.#options
    const tips = repository.tips.toSorted()
    const id = derivedUuid('git-history.command', 'reading', ...tips)
    await app.dispatch(repositoryCommands.recordReading({ repositoryId, tips, commits }, { id }), { tenantId: repository.id })
  }

  get #stopped(): boolean {
    return this.#options.signal?.aborted === true
  }

  #progress(): ImportProgress {
    return { commits: this.#commits, total: this.#total, events: this.#events }
  }

  #report(known: number, unreachable: number): ImportReport {
    return {
      ...this.#progress(),
      known,
      unreachable,
      duplicates: this.#duplicates,
      seconds: (performance.now() - this.#started) / 1000,
      stopped: this.#stopped && (this.#commits < this.#total || this.#total === 0),
    }
  }
}

function sameTips(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((tip) => others.includes(tip))
}
