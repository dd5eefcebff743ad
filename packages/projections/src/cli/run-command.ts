import type { ProjectionDefinition } from '@cairn/core'
import { chooseProjections } from '../rebuild/choose-projections.ts'
import type { ProjectionHost } from '../rebuild/host.ts'
import type { CommandContext } from './command-context.ts'
import { readCommandLine, usage, type CommandLine } from './command-line.ts'
import { errorDocument } from './describe-outcome.ts'
import { describeStatus, exitCodeOfStatus } from './describe-status.ts'
import { repair, showDrift } from './drift.ts'
import { followReport } from './drift-report.ts'
import { exitCodeOfError, exitCodes } from './exit-codes.ts'
import { lint } from './lint.ts'
import { runRebuild } from './run-rebuild.ts'
import type { Screen } from './screen.ts'
import { readStatus } from './status.ts'

export type { CommandContext } from './command-context.ts'

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
  const { action, names, all, json, driftReport } = line
  if (driftReport !== undefined) return followReport(args, { ...line, driftReport }, host, context)
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
      return action === 'rollback' ? rollBack(host, named, line, screen) : runRebuild(args, line, host, context)
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

async function rollBack(
  host: ProjectionHost,
  named: readonly ProjectionDefinition[],
  { json, recreateDependents }: CommandLine,
  screen: Screen,
): Promise<number> {
  let exitCode: number = exitCodes.ok
  for (const { name } of named) {
    try {
      const { generation, version } = await host.store.rollback(name, { recreateDependents })
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
