import { createCairn, type LoggerPort, type RebuildOutcome, silentLogger } from '@cairn/cairn'
import { removeDataFolder } from '@cairn/infra/embedded'
import { gitHistory } from '../domain/index.ts'
import { openRepository, resolveCommit, type Repository } from '../git/open-repository.ts'
import { digestOf } from '../import/digest.ts'
import type { HistoryApp } from '../import/history-app.ts'
import { importHistory, type ImportReport } from '../import/import-history.ts'
import { contributors } from '../questions/contributors.ts'
import { fileAt, livesAt } from '../questions/file-at.ts'
import { hotspots } from '../questions/hotspots.ts'
import { ownersOfFolders } from '../questions/owners.ts'
import { askTwice } from './ask-twice.ts'
import { caughtUp } from './caught-up.ts'
import { chooseLife } from './choose-life.ts'
import { databaseVariable } from './database-variable.ts'
import type { DemoSettings } from './demo-options.ts'
import { duration, plural } from './format.ts'
import { readLifeVersions } from './life-versions.ts'
import { ProgressLine } from './progress.ts'
import { Filling } from './filling.ts'
import { HotspotsRebuild, sentenceOf } from './rebuild-hotspots.ts'
import { importSentence, showAnswers, showFile, showLife, showStored, showTrial, showWeeks, showWhereabouts } from './report.ts'
import { heading, type Screen } from './screen.ts'
import { runStep } from './steps.ts'
import { stoppable } from './stoppable.ts'
import { countOf, readStored } from './stored.ts'
import { tryTheStore } from './try-the-store.ts'
import { whereTheDataIs } from './where-the-data-is.ts'
import { resumable } from './resumable.ts'
import { inLittleMemory } from './small-heap.ts'

const shown = 8

export interface DemoResult {
  readonly stopped: boolean
  /** For --json. */
  readonly document: unknown
}

/** The whole demo. `signal` stops it at the next commit, or between two questions; whatever it stored stays. */
export async function runDemo(options: DemoSettings, screen: Screen, signal: AbortSignal): Promise<DemoResult> {
  const repository = await openRepository(options.repo, { allBranches: options.all })
  const at = options.at === undefined ? undefined : await resolveCommit(repository.folder, options.at)
  heading(screen, 'Cairn', `the history of ${repository.folder} as events`)
  if (repository.shallow) screen.print('  A shallow clone: its history begins where the clone was cut.')
  screen.print()
  if (options.reset) await removeDataFolder(options.data)
  await using app = await startApp(options, screen)
  const rebuild = new HotspotsRebuild(app, signal)
  const report = await runImport({ app, repository, options, rebuild, screen, signal })
  const base = { repository, import: report, data: whereTheDataIs(app, options.from) }
  if (signal.aborted) {
    await rebuild.ended()
    return { stopped: true, document: base }
  }
  let told: object
  try {
    const rebuilt = await settle(app, rebuild, screen, signal)
    told = { rebuilt, ...(repository.tips.length === 0 ? {} : await tell({ app, repository, options, at, screen, signal })) }
  } catch (error) {
    if (error !== signal.reason) throw error
    return { stopped: true, document: base }
  }
  showWhereabouts(screen, base.data, options.serve)
  if (options.serve) await serve(screen, signal)
  return { stopped: false, document: { ...base, ...told } }
}

function startApp(options: DemoSettings, screen: Screen): Promise<HistoryApp> {
  return runStep(screen, 'Starting PostgreSQL', async () => {
    const started = performance.now()
    const value = await createCairn({
      domains: [gitHistory],
      database: 'embedded',
      dataDir: options.data,
      ...resumable,
      ...inLittleMemory,
      logger: errorsTo(screen),
    })
    const what = value.database.kind === 'embedded' ? 'Embedded PostgreSQL is up' : `Connected to ${databaseVariable()}`
    return { title: `${what}, the schema is current (${seconds(started)})`, value }
  })
}

interface Import {
  readonly app: HistoryApp
  readonly repository: Repository
  readonly options: DemoSettings
  readonly rebuild: HotspotsRebuild
  readonly screen: Screen
  readonly signal: AbortSignal
}

function runImport({ app, repository, options, rebuild, screen, signal }: Import): Promise<ImportReport> {
  return runStep(screen, 'Reading the history', async (step) => {
    const line = new ProgressLine()
    const filling = new Filling(app, repository.id)
    let drawn = 0
    const report = await importHistory({
      app,
      repository,
      limit: options.limit,
      signal,
      onPhase: step.phase,
      onProgress: (progress) => {
        // Half-way, so that writers write from its first event to its switch.
        if (progress.commits * 2 >= progress.total) rebuild.start()
        // Ten times a second is as often as anybody can read.
        if (performance.now() - drawn < 100) return
        drawn = performance.now()
        step.report(`${line.render(progress)}  ${rebuild.started ? rebuild.line : filling.line}`)
      },
    })
    await filling.ended()
    return { title: importSentence(report, duration(report.seconds)), value: report }
  })
}

/** The read models are fed by the import's own process, and are a moment behind it. @throws the signal's reason */
function settle(app: HistoryApp, rebuild: HotspotsRebuild, screen: Screen, signal: AbortSignal): Promise<RebuildOutcome | undefined> {
  return runStep(screen, 'Waiting for the read models', async (step) => {
    const started = performance.now()
    const drawing = setInterval(() => rebuild.started && step.report(rebuild.line), 100)
    try {
      const outcome = await rebuild.ended()
      await caughtUp(app, signal)
      const title = `The read models are at the newest event (${seconds(started)} after the import)`
      return { title: outcome === undefined ? title : `${title}\n  ${sentenceOf(outcome)}`, value: outcome }
    } finally {
      clearInterval(drawing)
    }
  })
}

interface Telling extends Omit<Import, 'rebuild'> {
  readonly at: string | undefined
}

/** @throws the signal's reason */
async function tell({ app, repository, options, at, screen, signal }: Telling): Promise<object> {
  const { id } = repository
  const events = stoppable(app.events, signal)
  const stored = await readStored(app, id)
  const { history, read, moving } = await runStep(screen, 'Asking the events', async () => {
    const value = await askTwice({ app, events, tenantId: id, at, limit: shown, signal })
    return { title: `${plural(countOf(stored.events), 'event')} read and folded in ${duration(value.foldSeconds)}`, value }
  })
  showStored(screen, id, stored)
  const answers = read ?? {
    commits: history.commits,
    hotspots: hotspots(history, shown),
    owners: ownersOfFolders(history, 2, shown).map((row) => ({
      ...row,
      ownerName: history.contributors.get(row.owner)?.names[0] ?? row.owner,
    })),
    contributors: contributors(history, shown),
  }
  if (moving) screen.print('\n  Another run is importing: events came each time that the read models were compared with them.')
  if (read !== undefined) screen.print(`\n  From the read models${moving ? '' : ', and the same as folded from the events'}:`)
  showAnswers(screen, answers, at)
  if (read !== undefined) showWeeks(screen, read.weeks)

  signal.throwIfAborted()
  const found = options.file === undefined ? undefined : fileAt(history, options.file)
  if (options.file !== undefined) showFile(screen, options.file, at, found, livesAt(history, options.file))
  const chosen = found ?? chooseLife(history)
  const versions = chosen === undefined ? [] : await readLifeVersions(app, id, chosen.life, shown)
  if (chosen !== undefined) showLife(screen, { chosen, versions })
  signal.throwIfAborted()
  const trial = chosen === undefined ? undefined : await tryTheStore(app, id, chosen.life)
  if (trial !== undefined) showTrial(screen, trial)

  const digest = options.digest ? await digestOf(events, id) : undefined
  if (digest !== undefined) {
    heading(screen, 'Digest', 'equal for equal imports')
    screen.print(`  ${digest.digest}`)
  }
  return {
    stored,
    answers,
    importing: moving,
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
