import { Command, InvalidArgumentError, Option } from 'commander'
import { systems, type System } from '../contestants/contestant.ts'
import { isReadRowId, readRowIds, readRows } from '../read-side/read-rows.ts'
import { rowIds, rows } from '../rows/rows.ts'
import { bench, type BenchOptions } from './bench.ts'

const examples = `
Examples:
  pnpm bench                                          every row, five rounds
  pnpm bench append-1 append-100 --json figures.json  two rows, figures also as JSON
  pnpm bench command-hot --rounds 9 --seconds 4       longer, for a quieter median
  pnpm bench rebuild tail fan-out --json read.json    what follows the log
  pnpm bench rebuild --events 200000 --memory 50000   a smaller one
  pnpm bench --url postgres://postgres@localhost/postgres
  pnpm bench append-100 --profile cairn --seconds 10  where its process spends its time

Rows:
${[...rows, ...readRows].map((row) => `  ${row.id.padEnd(22)} ${row.title}`).join('\n')}

Exit codes: 0 done, 1 failed (or, with --check, a target was missed), 2 wrong usage, 130 interrupted.`

const defaultMemory: readonly number[] = [200_000, 1_000_000]

export function buildProgram(): Command {
  return new Command('bench')
    .description('Measures Cairn, Emmett, evtstore and the physical floor against one PostgreSQL server, interleaved round by round.')
    .argument('[rows...]', 'ids of the rows to run; all when none is named', undefined)
    .option('--json <file>', 'also write the figures as JSON to this file')
    .option('--rounds <n>', 'rounds per row; the median counts', wholeNumber, 5)
    .option('--seconds <s>', 'length of each measurement', positiveNumber, 2.5)
    .option('--events <n>', 'rebuild: events of the log', wholeNumber, 1_000_000)
    .option('--rows <n>', 'rebuild: rows that they come to', wholeNumber, 50_000)
    .option('--emmett-events <n>', "rebuild: events of Emmett's log", wholeNumber, 100_000)
    .option('--peer-events <n>', "rebuild: events of evtstore's log and of the upserts one by one", wholeNumber, 20_000)
    .option('--memory <sizes...>', 'rebuild: sizes of the log at which its memory is taken', wholeNumbers, defaultMemory)
    .option('--rate <n>', 'tail: appends per second', wholeNumber, 500)
    .option('--tail-seconds <s>', 'tail, fan-out: length of each run', positiveNumber, 20)
    .option('--projections <n>', 'fan-out: how many projections', wholeNumber, 10)
    .option('--async-commands <n>', 'async: how many commands', wholeNumber, 5_000)
    .option('--temporal-commands <n>', 'temporal: how many commands, and how many bare workflows', wholeNumber, 2_000)
    .option('--url <url>', "a superuser's URL of a PostgreSQL server (15 or newer); databases are made and dropped in it")
    .addOption(new Option('--systems <names...>', 'only these systems').choices([...systems]).default([...systems], 'all'))
    .addOption(new Option('--profile <system>', 'run this system alone in one row under the profiler').choices([...systems]))
    .option('--no-order', 'leave out the check of the whole-log order')
    .option('--check', 'exit with 1 when a target is missed')
    .showHelpAfterError('Run with --help for the rows and examples.')
    .addHelpText('after', examples)
    .exitOverride()
    .action(async (ids: readonly string[], options: BenchOptions & { readonly profile?: System }, command: Command) => {
      const unknown = ids.find((id) => !rowIds.includes(id) && !isReadRowId(id))
      if (unknown !== undefined)
        command.error(`error: no row is called "${unknown}". The rows are: ${[...rowIds, ...readRowIds].join(', ')}.`, { exitCode: 2 })
      if (options.profile !== undefined && (ids.length !== 1 || ids.some(isReadRowId))) {
        command.error(`error: --profile wants exactly one row that writes or loads. The rows are: ${rowIds.join(', ')}.`, { exitCode: 2 })
      }
      const wanted = ids.length === 0 ? [...rowIds, ...readRowIds] : ids
      await bench(
        rows.filter((row) => wanted.includes(row.id)),
        wanted.filter(isReadRowId),
        options,
      )
    })
}

function wholeNumber(text: string): number {
  const n = Number(text)
  if (!Number.isInteger(n) || n < 1) throw new InvalidArgumentError('It must be a whole number, 1 or more.')
  return n
}

/** An option that may be named several times or hold several values: the first one takes the default's place. */
function wholeNumbers(text: string, before: readonly number[]): readonly number[] {
  return [...(before === defaultMemory ? [] : before), wholeNumber(text)]
}

function positiveNumber(text: string): number {
  const n = Number(text)
  if (!Number.isFinite(n) || n <= 0) throw new InvalidArgumentError('It must be a number above 0.')
  return n
}
