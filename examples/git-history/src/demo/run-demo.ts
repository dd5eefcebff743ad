import { createCairn, type LoggerPort, silentLogger } from '@cairn/cairn'
import { removeDataFolder } from '@cairn/infra/embedded'
import { gitHistory } from '../domain/index.ts'
import { openRepository, resolveCommit, type Repository } from '../git/open-repository.ts'
import { digestOf } from '../import/digest.ts'
import type { HistoryApp } from '../import/history-app.ts'
import { importHistory, type ImportReport } from '../import/import-history.ts'
import { contributors } from '../questions/contributors.ts'
import { fileAt, livesAt } from '../questions/file-at.ts'
import { readHistory } from '../questions/history.ts'
import { hotspots } from '../questions/hotspots.ts'
import { ownersOfFolders } from '../questions/owners.ts'
import { chooseLife } from './choose-life.ts'
import type { DemoSettings } from './demo-options.ts'
import { duration, plural } from './format.ts'
import { readLifeVersions } from './life-versions.ts'
import { ProgressLine } from './progress.ts'
import { importSentence, showAnswers, showFile, showLife, showStored, showTrial, showWhereabouts } from './report.ts'
import { heading, type Screen } from './screen.ts'
import { runStep } from './steps.ts'
import { readStored } from './stored.ts'
import { tryTheStore } from './try-the-store.ts'
import { whereTheDataIs } from './where-the-data-is.ts'

const shown = 8

export interface DemoResult {
  readonly stopped: boolean
  /** For --json. */
  readonly document: unknown
}

/** The whole demo. `signal` stops it at the next commit; whatever it stored stays. */
export async function runDemo(options: DemoSettings, screen: Screen, signal: AbortSignal): Promise<DemoResult> {
  const repository = await openRepository(options.repo, { allBranches: options.all })
  const at = options.at === undefined ? undefined : await resolveCommit(repository.folder, options.at)
  heading(screen, 'Cairn', `the history of ${repository.folder} as events`)
  if (repository.shallow) screen.print('  A shallow clone: its history begins where the clone was cut.')
  screen.print()
  if (options.reset) await removeDataFolder(options.data)
  await using app = await startApp(options, screen)
  const report = await runImport(app, repository, options, screen, signal)
  const base = { repository, import: report, data: whereTheDataIs(app, options.from) }
  if (signal.aborted) return { stopped: true, document: base }
  const answers = repository.tips.length === 0 ? {} : await tell(app, repository, options, at, screen)
  showWhereabouts(screen, base.data, options.serve)
  if (options.serve) await serve(screen, signal)
  return { stopped: false, document: { ...base, ...answers } }
}

function startApp(options: DemoSettings, screen: Screen): Promise<HistoryApp> {
  return runStep(screen, 'Starting PostgreSQL', async () => {
    const started = performance.now()
    const value = await createCairn({
      domains: [gitHistory],
      database: 'embedded',
      dataDir: options.data,
      // Files and people that were busy a moment ago are likely to be busy again.
      aggregateCache: 2_000,
      logger: errorsTo(screen),
    })
    const what = value.database.kind === 'embedded' ? 'Embedded PostgreSQL is up' : 'Connected to DATABASE_URL'
    return { title: `${what}, the schema is current (${seconds(started)})`, value }
  })
}

function runImport(
  app: HistoryApp,
  repository: Repository,
  options: DemoSettings,
  screen: Screen,
  signal: AbortSignal,
): Promise<ImportReport> {
  return runStep(screen, 'Reading the history', async (step) => {
    const line = new ProgressLine()
    let drawn = 0
    const report = await importHistory({
      app,
      repository,
      limit: options.limit,
      signal,
      onPhase: step.phase,
      onProgress: (progress) => {
        // Ten times a second is as often as anybody can read.
        if (performance.now() - drawn < 100) return
        drawn = performance.now()
        step.report(line.render(progress))
      },
    })
    return { title: importSentence(report, duration(report.seconds)), value: report }
  })
}

async function tell(
  app: HistoryApp,
  repository: Repository,
  options: DemoSettings,
  at: string | undefined,
  screen: Screen,
): Promise<object> {
  const { id } = repository
  const stored = await readStored(app, id)
  const history = await runStep(screen, 'Asking the events', async () => {
    const started = performance.now()
    const value = await readHistory(app.events, id, { at })
    const events = stored.events.reduce((sum, { count }) => sum + count, 0)
    return { title: `${plural(events, 'event')} read and folded in ${seconds(started)}`, value }
  })
  showStored(screen, id, stored)
  const answers = {
    commits: history.commits,
    hotspots: hotspots(history, shown),
    owners: ownersOfFolders(history, 2, shown).map((row) => ({
      ...row,
      ownerName: history.contributors.get(row.owner)?.names[0] ?? row.owner,
    })),
    contributors: contributors(history, shown),
  }
  showAnswers(screen, answers, at)

  const found = options.file === undefined ? undefined : fileAt(history, options.file)
  if (options.file !== undefined) showFile(screen, options.file, at, found, livesAt(history, options.file))
  const chosen = found ?? chooseLife(history)
  const versions = chosen === undefined ? [] : await readLifeVersions(app, id, chosen.life, shown)
  if (chosen !== undefined) showLife(screen, { chosen, versions })
  const trial = chosen === undefined ? undefined : await tryTheStore(app, id, chosen.life)
  if (trial !== undefined) showTrial(screen, trial)

  const digest = options.digest ? await digestOf(app.events, id) : undefined
  if (digest !== undefined) {
    heading(screen, 'Digest', 'equal for equal imports')
    screen.print(`  ${digest.digest}`)
  }
  return {
    stored,
    answers,
    at,
    file: options.file === undefined ? undefined : (found ?? null),
    life: { ...chosen, versions },
    trial,
    digest,
  }
}

async function serve(screen: Screen, signal: AbortSignal): Promise<void> {
  screen.print()
  screen.print('PostgreSQL keeps running. Ctrl-C stops it.')
  // A timer, because a promise alone does not keep the process alive.
  const alive = setInterval(() => undefined, 60_000)
  await new Promise<void>((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true })))
  clearInterval(alive)
}

function errorsTo(screen: Screen): LoggerPort {
  const logger: LoggerPort = {
    ...silentLogger,
    // Warnings are left out: a refused command is one, and the demo sends some that must be refused.
    error: (message) => screen.print(`! ${message}`),
    child: () => logger,
  }
  return logger
}

function seconds(since: number): string {
  return duration((performance.now() - since) / 1000)
}
