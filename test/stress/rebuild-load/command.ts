import type { Command } from 'commander'
import { aboveZero, wholeNumber } from '../cli/numbers.ts'
import { checkCommand, runCheck, type CommonOptions } from '../cli/run-check.ts'
import { checkRebuildLoad, type RebuildLoadOptions } from './check-rebuild-load.ts'

/** `pnpm stress rebuild-load` */
export function addRebuildLoadCommand(program: Command): void {
  checkCommand(
    program,
    'rebuild-load',
    'Rebuilds while orders come in at a steady rate: none is lost, appends stay fast, and readers always see a whole model.',
    ['', '--rounds 20 --rate 300 --json', '--rounds 3 --events 200000'],
  )
    .option('--rounds <n>', 'rebuilds, one after another', wholeNumber(1), 20)
    .option('--rate <n>', 'orders a second, in open loop', wholeNumber(1), 300)
    .option('--events <n>', 'events in the log before the first rebuild', wholeNumber(100), 30_000)
    .option('--idle-seconds <n>', 'how long appends are timed without a rebuild', wholeNumber(1), 10)
    .option('--slower <factor>', 'how many of the idle p99s the p99 of a round may be', aboveZero, 3)
    .option('--p99-ms <ms>', 'and how long', wholeNumber(1), 100)
    .option('--seed <n>', 'seed of the choices', wholeNumber(0), 1)
    .option('--plant', 'rebuilds that empty the live tables: see the check fail')
    .action((options: RebuildLoadOptions & CommonOptions) =>
      runCheck('rebuild-load', options, (database, onStep) => checkRebuildLoad(database, options, onStep)),
    )
}
