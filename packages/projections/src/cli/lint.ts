import { lintReadAccess, type AccessFault, type DomainFinding, type ProjectionDefinition, type ReadAccessFinding } from '@cairn/core'
import type { ProjectionHost } from '../rebuild/host.ts'
import type { CommandLine } from './command-line.ts'
import { declared } from './declared.ts'
import { exitCodes } from './exit-codes.ts'
import { wrap } from './format.ts'
import type { Screen } from './screen.ts'

/** Something that the lint says, wherever it looked. */
interface LintFinding {
  /** The definitions of projections, the database, or the definitions of domains. */
  readonly source: 'projection' | 'database' | 'domain'
  readonly severity: 'warning' | 'info'
  /** What it is about. */
  readonly subject: string
  readonly rule: string
  readonly message: string
  readonly remedy: string
  readonly fixable: boolean
  readonly projection?: string | undefined
  readonly table?: string | undefined
  readonly role?: string | undefined
}

/**
 * `--lint`: read access as it is declared, and as the database has it; and, where no projections are named, the app's domains and what
 * else is in the schema. With `--fix` the database is mended first, and what is left counts.
 */
export async function lint(
  host: ProjectionHost,
  chosen: readonly ProjectionDefinition[],
  { names, all, fix, json }: Pick<CommandLine, 'names' | 'all' | 'fix' | 'json'>,
  screen: Screen,
): Promise<number> {
  const whole = names.length === 0
  const options = { complete: all, whole }
  const projections = declared(chosen)
  const fixed = fix ? (await host.store.fixAccess(projections, options)).map(ofDatabase) : []
  const findings = [
    ...(whole ? (host.lintDomains?.() ?? []).map(ofDomain) : []),
    ...lintReadAccess(chosen.map(({ name, tables }) => ({ name, tables: [...tables.values()] }))).map(ofProjection),
    ...(await host.store.lintAccess(projections, options)).map(ofDatabase),
  ]
  const exitCode = findings.some(({ severity }) => severity === 'warning') ? exitCodes.failed : exitCodes.ok
  if (json) screen.json({ type: 'lint', exitCode, ...(fix ? { fixed } : {}), findings })
  else show(fix ? fixed : undefined, findings, screen)
  return exitCode
}

function ofDomain(finding: DomainFinding): LintFinding {
  return { source: 'domain', fixable: false, ...finding }
}

function ofProjection(finding: ReadAccessFinding): LintFinding {
  return { source: 'projection', severity: 'warning', fixable: false, subject: `projection ${finding.projection}`, ...finding }
}

function ofDatabase({ relation, ...fault }: AccessFault): LintFinding {
  return { source: 'database', severity: 'warning', subject: `table ${relation}`, table: relation, ...fault }
}

function show(fixed: readonly LintFinding[] | undefined, findings: readonly LintFinding[], screen: Screen): void {
  if (fixed !== undefined) {
    screen.print(fixed.length === 0 ? 'Nothing was to be mended in the database.' : `Mended (${fixed.length}):`)
    for (const { message, rule } of fixed) screen.print(wrap(`- ${message} [${rule}]`, screen.width, '  '))
  }
  const warnings = findings.filter(({ severity }) => severity === 'warning')
  if (findings.length === 0) {
    screen.print('The linter found nothing.')
    return
  }
  if (fixed !== undefined && warnings.length > 0) screen.print(`Left (${warnings.length}):`)
  for (const { severity, message, remedy, rule } of findings)
    screen.print(wrap(`${severity.padEnd(7)}  ${message} ${remedy} [${rule}]`, screen.width, ' '.repeat(9)))
  if (warnings.some(({ fixable }) => fixable)) screen.print('--lint --fix mends what is said of policies, grants and row-level security.')
}
