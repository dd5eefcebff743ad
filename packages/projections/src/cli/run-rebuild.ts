import { isCairnError, RebuildStoppedError } from '@cairn/core'
import type { ProjectionHost } from '../rebuild/host.ts'
import { rebuild, type RebuildReport } from '../rebuild/rebuild.ts'
import type { CommandContext } from './command-context.ts'
import type { CommandLine } from './command-line.ts'
import { describeOutcomes, outcomeDocument } from './describe-outcome.ts'
import { exitCodeOf, exitCodes } from './exit-codes.ts'
import { JsonReporter, TerminalReporter, type Reporter } from './reporter.ts'
import { resumeCommand } from './resume-command.ts'
import type { Screen } from './screen.ts'

/** Builds and switches, and shows how it goes. */
export async function runRebuild(
  args: readonly string[],
  line: CommandLine,
  host: ProjectionHost,
  { screen, signal }: Pick<CommandContext, 'screen' | 'signal'>,
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
  return new TerminalReporter(screen, { dryRun })
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
