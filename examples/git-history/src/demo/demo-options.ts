import { Command, InvalidArgumentError, Option } from 'commander'

export interface DemoOptions {
  readonly repo: string
  readonly data: string
  readonly all: boolean
  readonly limit: number | undefined
  readonly file: string | undefined
  readonly at: string | undefined
  readonly digest: boolean
  readonly json: boolean
  readonly serve: boolean
  readonly reset: boolean
}

/** The command line's paths resolved, and where they were meant from. */
export interface DemoSettings extends DemoOptions {
  readonly from: string
}

export interface DemoDefaults {
  readonly repo: string
  readonly data: string
}

const examples = `
Examples:
  pnpm demo                                    this checkout's own history
  pnpm demo --repo ~/src/linux --limit 50000   the oldest 50,000 commits of another
  pnpm demo --file README.md --at v1.0         a file as it was at a tag
  pnpm demo --serve                            keep PostgreSQL running, to look around
  pnpm demo --json --digest                    for programs

Run it again, after Ctrl-C or kill -9 too: it goes on where it was.`

/** Reads the command line. Exits with 2 and the usage line when it is wrong, with 0 after --help. */
export function parseDemoOptions(args: readonly string[], defaults: DemoDefaults): DemoOptions {
  const command = new Command('demo')
    .description(
      'Imports the history of a git repository into Cairn on an embedded PostgreSQL (or DATABASE_URL, SUPABASE_DB_URL where set), and shows what is stored.',
    )
    .addOption(new Option('--repo <path>', 'the repository; bare ones too').default(defaults.repo, 'this checkout'))
    .addOption(new Option('--data <folder>', 'where the embedded database is kept').default(defaults.data, '.cairn/demo in this checkout'))
    .option('--all', 'read every branch and tag, not only what HEAD reaches')
    .option('--limit <commits>', 'import at most so many new commits, the oldest first', positive)
    .option('--file <path>', 'show the life of this file')
    .addOption(new Option('--at <commit>', 'answer as of this commit').default(undefined, 'all that is stored'))
    .option('--digest', 'print a hash of everything stored, equal for equal imports')
    .option('--json', 'print one JSON document at the end, and progress to stderr')
    .option('--serve', 'keep the database running until Ctrl-C')
    .option('--reset', 'delete the data folder first')
    .addHelpText('after', examples)
    .allowExcessArguments(false)
    .configureOutput({ outputError: (text, write) => write(`${text}${usage}\n`) })
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  command.parse(['node', 'demo', ...args.filter((arg, i) => !(i === 0 && arg === '--'))])
  const { repo, data, limit, file, at, all = false, digest = false, json = false, serve = false, reset = false } = command.opts<Given>()
  return { repo, data, limit, file, at, all, digest, json, serve, reset }
}

type Given = Pick<DemoOptions, 'repo' | 'data'> & Partial<DemoOptions>

const usage = 'Usage: pnpm demo [--repo PATH] [--data DIR] [--limit N] [--file PATH] [--at COMMIT] [--json] [--serve] [--reset]'

function positive(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('Give a whole number from 1.')
  return value
}
