import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { exitCodes } from './exit-codes.ts'

/** What is done: everything but `rebuild` has a flag of its name. */
export const actions = ['rebuild', 'rollback', 'status', 'drift', 'repair', 'lint'] as const
export type Action = (typeof actions)[number]

/** A command line, read and checked. */
export interface CommandLine {
  readonly action: Action
  readonly names: readonly string[]
  readonly all: boolean
  readonly outdated: boolean
  readonly tenant: string | undefined
  readonly fromScratch: boolean
  readonly parallel: number | undefined
  readonly dryRun: boolean
  readonly inPlace: boolean
  readonly throttle: boolean
  readonly recreateDependents: boolean
  readonly verify: boolean
  readonly park: boolean
  readonly fix: boolean
  readonly driftReport: string | undefined
  readonly config: string | undefined
  readonly json: boolean
}

/** The call is wrong, or asked for the help: what was printed is all there is to say. */
export interface Refusal {
  readonly exitCode: number
}

export interface CommandOutput {
  out(text: string): void
  error(text: string): void
}

export const usage = 'Usage: rebuild-projections [names...] [--all] [--tenant T] [--from-scratch] [--dry-run] [--rollback] [--status] …'

const examples = `
Examples:
  rebuild-projections order-summary            build it anew beside the live one, then switch
  rebuild-projections --all --outdated         in a deployment: those whose code changed
  rebuild-projections order-summary --dry-run  say what would be done
  rebuild-projections order-summary --tenant acme
  rebuild-projections order-summary --rollback back to the generation before
  rebuild-projections --status                 what is live, how far it is, what is parked
  rebuild-projections --drift --json           does the database look as the code says?
  rebuild-projections --drift-report FILE      put right what that said, by repair and by rebuild
  rebuild-projections --lint --fix             who may read what: in the code, and in the database

Options from --outdated to --park are for a rebuild; --rollback (but for --recreate-dependents),
--status, --drift, --repair and --lint refuse them.

Stop it when you like (Ctrl-C, or kill -9): the same command goes on from there.

Exit codes: 0 done, 1 failed (or drift, or lint), 2 wrong usage, 3 finished with parked events,
130 stopped and resumable.`

export function readCommandLine(args: readonly string[], output: CommandOutput): CommandLine | Refusal {
  const command = new Command('rebuild-projections')
    .description('Builds projections anew from the log, beside the live ones, and switches when they have caught up.')
    .argument('[names...]', 'projections, or tables of theirs')
    .option('--all', 'every projection')
    .option('--outdated', 'only those whose live tables were built from another definition than the code has')
    .option('--tenant <id>', "replace this tenant's rows alone")
    .option('--from-scratch', 'drop an unfinished build and begin anew; allows a changed definition under the same version')
    .option('--parallel <n>', 'stretches of the log that are read at once', workers)
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('--in-place', 'empty the live tables and fill them: readers see them filling')
    .option('--no-throttle', 'leave writers no share')
    .option('--recreate-dependents', 'make views of others that depend on the read models anew')
    .option('--verify', 'fold the log twice and compare before switching')
    .option('--park', 'set events that fail aside and go on, where a rebuild would stop')
    .addOption(exclusive('--rollback', 'show the generation before again'))
    .addOption(exclusive('--status', 'print the state of each projection'))
    .addOption(
      exclusive('--drift', 'compare the tables with the code; exit 1 when they differ (with --all: what the code does not know is extra)'),
    )
    .addOption(exclusive('--repair', 'repair what differs and can be repaired in place'))
    .addOption(exclusive('--lint', 'check the definitions, and policies and grants in the database; exit 1 when something is to be mended'))
    .option('--fix', 'with --lint: mend policies, grants and switches of row-level security in the database')
    .addOption(
      new Option(
        '--drift-report <file>',
        'work through what --drift --json printed: repair what can be repaired, rebuild the rest',
      ).conflicts([...actions.filter((action) => action !== 'rebuild'), 'all', 'outdated', 'tenant']),
    )
    .option('--config <path>', "the app's configuration", undefined)
    .option('--json', 'one JSON document per line, for programs')
    .addHelpText('after', examples)
    .configureOutput({
      writeOut: (text) => output.out(text),
      writeErr: (text) => output.error(text),
      outputError: (text, write) => write(`${text}${usage}\n`),
    })
    .exitOverride()
  try {
    command.parse(
      args.filter((arg, i) => !(i === 0 && arg === '--')),
      { from: 'user' },
    )
    const { fix = false, lint = false, park = false, tenant, driftReport } = command.opts<Given>()
    if (driftReport !== undefined && command.args.length > 0)
      command.error("error: option '--drift-report' names the projections itself; leave the names out.")
    if (fix && !lint) command.error("error: option '--fix' is of --lint: say --lint --fix. What --drift finds, --repair repairs.")
    if (park && tenant !== undefined)
      command.error("error: option '--park' is not for --tenant: the rows that replace the tenant's would lack what is set aside.")
    refuseOptionsOfRebuild(command)
  } catch (error) {
    if (error instanceof CommanderError) return { exitCode: error.exitCode === 0 ? exitCodes.ok : exitCodes.usage }
    throw error
  }
  const given = command.opts<Given>()
  return {
    action: actionOf(given),
    names: command.args,
    all: given.all ?? false,
    outdated: given.outdated ?? false,
    tenant: given.tenant,
    fromScratch: given.fromScratch ?? false,
    parallel: given.parallel,
    dryRun: given.dryRun ?? false,
    inPlace: given.inPlace ?? false,
    throttle: given.throttle ?? true,
    recreateDependents: given.recreateDependents ?? false,
    verify: given.verify ?? false,
    park: given.park ?? false,
    fix: given.fix ?? false,
    driftReport: given.driftReport,
    config: given.config,
    json: given.json ?? false,
  }
}

type Given = Partial<Omit<CommandLine, 'action' | 'names'>> & Partial<Record<Exclude<Action, 'rebuild'>, boolean>>

function actionOf(given: Given): Action {
  return actions.find((action) => action !== 'rebuild' && given[action] === true) ?? 'rebuild'
}

/** What nothing but a rebuild heeds; a rollback switches as well, and heeds `recreateDependents`. */
const ofRebuild: ReadonlySet<string> = new Set<keyof CommandLine>([
  'outdated',
  'tenant',
  'fromScratch',
  'parallel',
  'dryRun',
  'inPlace',
  'throttle',
  'recreateDependents',
  'verify',
  'park',
])

/** Nothing is done for real, or for everybody, that was asked for as a dry run, or for one tenant. */
function refuseOptionsOfRebuild(command: Command): void {
  const action = actionOf(command.opts<Given>())
  if (action === 'rebuild') return
  const said = command.options.filter(
    (option) =>
      ofRebuild.has(option.attributeName()) &&
      !(action === 'rollback' && option.attributeName() === 'recreateDependents') &&
      command.getOptionValueSource(option.attributeName()) === 'cli',
  )
  if (said.length === 0) return
  const flags = said.map(({ long }) => `'${long ?? ''}'`).join(', ')
  command.error(
    `error: ${said.length === 1 ? `option ${flags} is` : `options ${flags} are`} for a rebuild, and --${action} does not heed ` +
      `${said.length === 1 ? 'it' : 'them'}. Nothing was done.`,
  )
}

/** One thing at a time. */
function exclusive(flag: `--${Exclude<Action, 'rebuild'>}`, description: string): Option {
  const others = actions.filter((action) => action !== 'rebuild' && `--${action}` !== flag)
  return new Option(flag, description).conflicts([...others])
}

function workers(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1 || value > 16) throw new InvalidArgumentError('Give a whole number from 1 to 16.')
  return value
}
