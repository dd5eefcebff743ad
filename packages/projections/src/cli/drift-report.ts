import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { InvalidInputError, isOfDefinition, type Drift, type ProjectionDefinition } from '@cairn/core'
import type { ProjectionHost } from '../rebuild/host.ts'
import type { CommandContext } from './command-context.ts'
import type { CommandLine } from './command-line.ts'
import { declared } from './declared.ts'
import { repair } from './drift.ts'
import { exitCodes } from './exit-codes.ts'
import { runRebuild } from './run-rebuild.ts'

/** An entry of a report, as far as it is followed. */
type Entry = Pick<Drift, 'projection' | 'remedy'>

/**
 * `--drift-report FILE`: works through the report of an earlier `--drift --json`. The projections that it names, and no others, are
 * compared again; what can be repaired in place is repaired, the rest is rebuilt. What has been put right since is left alone.
 */
export async function followReport(
  args: readonly string[],
  line: CommandLine & { readonly driftReport: string },
  host: ProjectionHost,
  context: CommandContext,
): Promise<number> {
  const { json, dryRun } = line
  const entries = (await readReport(line.driftReport)).filter(({ remedy }) => remedy !== 'drop')
  const named = host.projections.filter(({ name }) => entries.some(({ projection }) => projection === name))
  // A dry run shows what would be rebuilt; what would be repaired is in the report.
  if (!dryRun) await repair(host, named, {}, json, context.screen)
  const ofReport = named.filter(({ name }) => entries.some(({ projection, remedy }) => projection === name && remedy === 'rebuild'))
  const names = await stillToRebuild(host, ofReport)
  if (names.length > 0) {
    const exitCode = await runRebuild(args, { ...line, names }, host, context)
    if (exitCode !== exitCodes.ok || dryRun) return exitCode
  }
  const left = await host.store.drift(declared(named))
  return left.some(({ remedy }) => remedy !== 'drop') && !dryRun ? exitCodes.failed : exitCodes.ok
}

/** Those that a rebuild still has to bring, a build that was begun and not finished among them: its own tables are sound. */
async function stillToRebuild(host: ProjectionHost, definitions: readonly ProjectionDefinition[]): Promise<readonly string[]> {
  const drift = await host.store.drift(declared(definitions))
  const generations = await host.store.generations()
  return definitions
    .filter((definition) => {
      const live = generations.find(({ projection, state }) => projection === definition.name && state === 'live')
      const isCurrent = live !== undefined && isOfDefinition(live, definition)
      return !isCurrent || drift.some(({ projection, remedy }) => projection === definition.name && remedy === 'rebuild')
    })
    .map(({ name }) => name)
}

/** The document of `--drift --json`, alone in its file or among other lines. @throws InvalidInputError */
async function readReport(path: string): Promise<readonly Entry[]> {
  // As the configuration: from where the user called, wherever a package manager went since.
  const text = await readFile(resolve(process.env['INIT_CWD'] ?? process.cwd(), path), 'utf8').catch((error: unknown) => {
    throw refuse(path, `cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  })
  for (const line of text.split('\n')) {
    const document = parsed(line)
    if (isReport(document)) return document.drift
  }
  throw refuse(path, 'holds no report of drift')
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

function isReport(value: unknown): value is { readonly drift: readonly Entry[] } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'type' in value &&
    value.type === 'drift' &&
    'drift' in value &&
    Array.isArray(value.drift) &&
    value.drift.every(isEntry)
  )
}

function isEntry(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null && 'projection' in value && typeof value.projection === 'string' && 'remedy' in value
}

function refuse(path: string, what: string): InvalidInputError {
  return new InvalidInputError('driftReport', `${path} ${what}. Make one: rebuild-projections --drift --json > ${path}`)
}
