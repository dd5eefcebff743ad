import type { Command } from 'commander'
import { wholeNumber } from '../cli/numbers.ts'
import { checkCommand, runCheck, type CommonOptions } from '../cli/run-check.ts'
import { checkPoison, type PoisonOptions } from './check-poison.ts'

/** `pnpm stress poison` */
export function addPoisonCommand(program: Command): void {
  checkCommand(
    program,
    'poison',
    'An event that the code cannot bear stops its key alone; fixed code heals it in order; a rebuild stops there and says so.',
    ['', '--streams 100 --entries 25 --json', '--plant'],
  )
    .option('--streams <n>', 'ledgers, one of which gets the poison', wholeNumber(4, 10_000), 12)
    .option('--entries <n>', 'entries of each ledger before the poison, and as many behind it', wholeNumber(5), 10)
    .option('--plant', 'let later entries go on without the poisoned one, and see the check fail')
    .action((options: PoisonOptions & CommonOptions) =>
      runCheck('poison', options, (database, onStep) => checkPoison(database, options, onStep)),
    )
}
