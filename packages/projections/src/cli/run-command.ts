import { isCairnError, RebuildStoppedError, type DriftOptions, type ProjectionDefinition } from '@cairn/core'
import { chooseProjections } from '../rebuild/choose-projections.ts'
import type { ProjectionHost } from '../rebuild/host.ts'
import { rebuild, type RebuildReport } from '../rebuild/rebuild.ts'
import { readCommandLine, usage, type CommandLine } from './command-line.ts'
import { declared } from './declared.ts'
import { describeDrift } from './describe-drift.ts'
import { describeOutcomes, errorDocument, outcomeDocument } from './describe-outcome.ts'
import { describeStatus, exitCodeOfStatus } from './describe-status.ts'
import { exitCodeOf, exitCodeOfError, exitCodes } from './exit-codes.ts'
import { wrap } from './format.ts'
import { lint } from './lint.ts'
import { JsonReporter, TerminalReporter, type Reporter } from './reporter.ts'
import { resumeCommand } from './resume-command.ts'
import type { Screen } from './screen.ts'
import { readStatus } from './status.ts'

/** What the command stands in. */
export interface CommandContext {
  readonly screen: Screen
  /** Opens the app's projections: by its configuration, or a host that a test made. */
  readonly loadHost: (config: string | undefined) => Promise<ProjectionHost>
  /** Aborted when the command is asked to stop. */
  readonly signal: AbortSignal
}

/** The command `rebuild-projections`, whole: reads its arguments, does it, and answers the exit code. */
export async function runCommand(args: readonly string[], context: CommandContext): Promise<number> {
  const { screen } = context
  const line = readCommandLine(args, {
    out: (text) => screen.print(text.trimEnd()),
    error: (text) => screen.complain(text.trimEnd()),
  })
  if ('exitCode' in line) return line.exitCode
  try {
    const host = await context.loadHost(line.config)
    try {
      return await act(args, line, host, context)
    } finally {
      await host.close()
    }
  } catch (error) {
    return complain(error, line, screen)
  }
}

function complain(error: unknown, { json }: CommandLine, screen: Screen): number {
  const exitCode = exitCodeOfError(error)
  if (json) screen.json({ type: 'error', exitCode, ...errorDocument(error) })
  screen.complain(`error: ${error instanceof Error ? error.message : String(error)}`)
  if (exitCode === exitCodes.usage) screen.complain(usage)
  return exitCode
}

async function act(args: readonly string[], line: CommandLine, host: ProjectionHost, context: CommandContext): Promise<number> {
  const { screen } = context
  const { action, names, all, json } = line
  const named = chooseProjections(host.projections, { names, all })
  const chosen = named.length > 0 ? named : host.projections
  switch (action) {
    case 'status':
      return showStatus(host, chosen, json, screen)
    case 'drift':
      return showDrift(host, chosen, { complete: all }, json, screen)
    case 'repair':
      return repair(host, chosen, { complete: all }, json, screen)
    case 'lint':
      return lint(host, chosen, line, screen)
    case 'rollback':
    case 'rebuild':
      if (!all && names.length === 0) return askForNames(host, line, screen)
      return action === 'rollback' ? rollBack(host, named, json, screen) : runRebuild(args, line, host, context)
  }
}

async function askForNames(host: ProjectionHost, { json }: CommandLine, screen: Screen): Promise<number> {
  const statuses = await readStatus(host, host.projections)
  screen.complain(`error: name the projections, or say --all.\n${usage}`)
  if (json) screen.json({ type: 'status', projections: statuses })
  else screen.print(`\n${describeStatus(statuses, screen.width)}`)
  return exitCodes.usage
}

async function showStatus(host: ProjectionHost, chosen: readonly ProjectionDefinition[], json: boolean, screen: Screen): Promise<number> {
  const statuses = await readStatus(host, chosen)
  const exitCode = exitCodeOfStatus(statuses)
  if (json) screen.json({ type: 'status', exitCode, projections: statuses })
  else screen.print(describeStatus(statuses, screen.width))
  return exitCode
}

async function showDrift(
  host: ProjectionHost,
  chosen: readonly ProjectionDefinition[],
  options: DriftOptions,
  json: boolean,
  screen: Screen,
): Promise<number> {
  const drift = await host.store.drift(declared(chosen), options)
  const exitCode = drift.length === 0 ? exitCodes.ok : exitCodes.failed
  if (json) screen.json({ type: 'drift', exitCode, drift })
  else if (drift.length === 0) screen.print('The database has what the code declares.')
  else screen.print(drift.map((one) => describeDrift(one, screen.width)).join('\n'))
  return exitCode
}

async function repair(
  host: ProjectionHost,
  chosen: readonly ProjectionDefinition[],
  options: DriftOptions,
  json: boolean,
  screen: Screen,
): Promise<number> {
  const repaired = await host.store.repair(declared(chosen), options)
  const left = await host.store.drift(declared(chosen), options)
  const exitCode = left.length === 0 ? exitCodes.ok : exitCodes.failed
  if (json) {
    screen.json({ type: 'repair', exitCode, repaired, left })
    return exitCode
  }
  screen.print(repaired.length === 0 ? 'Nothing was repaired.' : `Repaired (${repaired.length}):`)
  for (const one of repaired)
    screen.print(
      wrap(`${one.table}${one.column === undefined ? '' : `.${one.column}`}: ${one.kind.replaceAll('-', ' ')}`, screen.width, '  '),
    )
  if (left.length > 0) screen.print(`Left:\n${left.map((one) => describeDrift(one, screen.width)).join('\n')}`)
  return exitCode
}

async function rollBack(host: ProjectionHost, named: readonly ProjectionDefinition[], json: boolean, screen: Screen): Promise<number> {
  let exitCode: number = exitCodes.ok
  for (const { name } of named) {
    try {
      const { generation, version } = await host.store.rollback(name)
      if (json) screen.json({ type: 'rollback', projection: name, generation, version })
      else screen.print(`${name}: generation ${generation}, version ${version}, is live again.`)
    } catch (error) {
      exitCode = exitCodes.failed
      if (json) screen.json({ type: 'error', projection: name, ...errorDocument(error) })
      screen.complain(`error: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return exitCode
}

async function runRebuild(
  args: readonly string[],
  line: CommandLine,
  host: ProjectionHost,
  { screen, signal }: CommandContext,
): Promise<number> {
  const reporter = reporterFor(line, screen)
  let report: RebuildReport
  try {
    report = await rebuild(host, {
      ...line,
      signal,
      onPlan: (plans) => reporter.plans(plans),
      onProgress: (progress) => reporter.progress(progress),
      onOutcome: (outcome) => reporter.outcome(outcome),
    })
  } finally {
    await reporter.end()
  }
  return line.dryRun ? exitCodes.ok : summarise(args, report, reporter instanceof JsonReporter, screen)
}

function reporterFor({ json, dryRun }: CommandLine, screen: Screen): Reporter {
  // A dry run has nothing to follow: it is text wherever it goes, unless JSON is asked for.
  if (json || (!screen.live && !dryRun)) return new JsonReporter(screen)
  return new TerminalReporter(screen)
}

function summarise(args: readonly string[], { outcomes }: RebuildReport, json: boolean, screen: Screen): number {
  const exitCode = exitCodeOf(outcomes)
  const resume = resumeCommand(args)
  if (json) {
    const resumes = exitCode === exitCodes.cancelled ? { resume } : {}
    screen.json({ type: 'summary', exitCode, ...resumes, projections: outcomes.map(outcomeDocument) })
  } else screen.print(describeOutcomes(outcomes, screen.width))
  for (const { error } of outcomes) if (error !== undefined) screen.complain(`error: ${error.message}${hintFor(error, resume)}`)
  if (exitCode === exitCodes.cancelled) screen.complain(`Stopped. To go on from there:\n  ${resume}`)
  return exitCode
}

function hintFor(error: Error, resume: string): string {
  const resumable = error instanceof RebuildStoppedError || (isCairnError(error) && error.retryable)
  return resumable ? `\n  ${resume}` : ''
}
