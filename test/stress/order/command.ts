import type { Command } from 'commander'
import { wholeNumber } from '../cli/numbers.ts'
import { checkCommand, runCheck, type CommonOptions } from '../cli/run-check.ts'
import { checkOrder, type OrderOptions } from './check-order.ts'

/** `pnpm stress order` */
export function addOrderCommand(program: Command): void {
  checkCommand(program, 'order', 'A reader of the log misses nothing, sees nothing twice and in order, and is never stalled by others.', [
    '',
    '--writers 16 --events 50000 --json',
    '--events 5000 --sequence-start 2147483600',
    '--events 5000 --sequence-start 4294967200',
  ])
    .option('--writers <n>', 'connections that write, of eight kinds in turn', wholeNumber(2, 200), 16)
    .option('--events <n>', 'events to commit', wholeNumber(100), 50_000)
    .option('--in-one-transaction <n>', 'appends of one long transaction; 0 leaves it out', wholeNumber(0), 20_000)
    .option('--sequence-start <n>', 'set the position sequence to this before the start', wholeNumber(1))
    .option('--seed <n>', "seed of the writers' choices", wholeNumber(0), 1)
    .action((options: OrderOptions & CommonOptions) =>
      runCheck('order', options, (database, onStep) => checkOrder(database, options, onStep)),
    )
}
