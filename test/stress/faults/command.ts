import type { Command } from 'commander'
import { aboveZero, wholeNumber } from '../cli/numbers.ts'
import { checkCommand, runCheck, type CommonOptions } from '../cli/run-check.ts'
import { checkFaults, type FaultsOptions } from './check-faults.ts'

/** `pnpm stress faults` */
export function addFaultsCommand(program: Command): void {
  checkCommand(
    program,
    'faults',
    'Cut connections, terminated backends, a stopped server: every append has one effect, and its caller the answer.',
    ['', '--rounds 20 --seconds 20 --json'],
  )
    .option('--rounds <n>', 'how often each shape of append loses its answer', wholeNumber(1), 10)
    .option('--seconds <n>', 'how long the load runs under each kind of fault', aboveZero, 10)
    .option('--callers <n>', 'appends under way at the same time', wholeNumber(1, 10_000), 24)
    .option('--batch <n>', 'appends in a batch that loses its answer', wholeNumber(2, 500), 100)
    .option('--seed <n>', 'seed of the choices', wholeNumber(0), 1)
    .action((options: FaultsOptions & CommonOptions) =>
      runCheck('faults', options, (database, onStep) => checkFaults(database, options, onStep)),
    )
}
