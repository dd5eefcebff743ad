import type { Command } from 'commander'
import { aboveZero, wholeNumber } from '../cli/numbers.ts'
import { checkCommand, runCheck, type CommonOptions } from '../cli/run-check.ts'
import { checkHeldStream, type HeldStreamOptions } from './check-held-stream.ts'

/** `pnpm stress held-stream` */
export function addHeldStreamCommand(program: Command): void {
  checkCommand(program, 'held-stream', 'A stream that a foreign transaction holds delays its own appends and no others.', [
    '',
    '--seconds 5 --json',
    '--seconds 5 --held 12 --per-second 1000',
  ])
    .option('--seconds <n>', 'how long the streams are held', aboveZero, 5)
    .option('--held <n>', 'streams whose rows are held at the same time', wholeNumber(1, 100), 3)
    .option('--rounds <n>', 'how often each kind of hold is measured', wholeNumber(1), 2)
    .option('--per-second <n>', 'appends to other streams', wholeNumber(1, 100_000), 400)
    .option('--burst <n>', 'appends that start together', wholeNumber(1, 1_000), 4)
    .option('--limit <n>', 'how many times the normal p99 may become', aboveZero, 3)
    .action((options: HeldStreamOptions & CommonOptions) =>
      runCheck('held-stream', options, (database, onStep) => checkHeldStream(database, options, onStep)),
    )
}
