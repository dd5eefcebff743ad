import { Command, InvalidArgumentError, Option } from 'commander'

export interface DemoOptions {
  readonly scheduler: 'postgres' | 'temporal'
  readonly orders: number
  readonly data: string
  /** An order that is not ready after so many seconds is cancelled. */
  readonly readyWithin: number
  readonly json: boolean
  readonly reset: boolean
}

const examples = `
Examples:
  pnpm demo:shop                               30 orders on PostgreSQL alone
  pnpm demo:shop --scheduler temporal          the same on a Temporal server, found or started
  pnpm demo:shop --orders 500 --ready-within 20
  pnpm demo:shop --json                        for programs

Of five orders three are paid, one payment fails, and one order is never ready. Run it again, after Ctrl-C or kill -9 too, and with the
other scheduler if you like: it goes on where it was, and places more.`

/** Reads the command line. Exits with 2 and the usage line when it is wrong, with 0 after --help. */
export function parseDemoOptions(args: readonly string[], data: string): DemoOptions {
  const command = new Command('demo:shop')
    .description('Takes orders through billing, payment and shipment by a process manager, and shows how each ended.')
    .addOption(new Option('--scheduler <name>', 'what runs it').choices(['postgres', 'temporal']).default('postgres'))
    .option('--orders <n>', 'place so many orders', positive, 30)
    .addOption(new Option('--data <folder>', 'where the database is kept').default(data, '.cairn/shop in this checkout'))
    .option('--ready-within <seconds>', 'cancel orders that are not ready by then', seconds, 5)
    .option('--json', 'print one JSON document at the end, and progress to stderr')
    .option('--reset', 'delete the data folder first')
    .addHelpText('after', examples)
    .allowExcessArguments(false)
    .configureOutput({ outputError: (text, write) => write(`${text}${usage}\n`) })
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  command.parse(['node', 'demo:shop', ...args.filter((arg, i) => !(i === 0 && arg === '--'))])
  return { json: false, reset: false, ...command.opts<Omit<DemoOptions, 'json' | 'reset'>>() }
}

const usage = 'Usage: pnpm demo:shop [--scheduler postgres|temporal] [--orders N] [--ready-within S] [--data DIR] [--json] [--reset]'

function positive(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('Give a whole number from 1.')
  return value
}

function seconds(text: string): number {
  const value = Number(text)
  if (!(value > 0) || value > 3_600) throw new InvalidArgumentError('Give seconds, up to 3600.')
  return value
}
