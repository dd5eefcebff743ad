import type { Command } from 'commander'
import { wholeNumber } from '../cli/numbers.ts'
import { checkCommand, runCheck, type CommonOptions } from '../cli/run-check.ts'
import { checkCreation, type CreationOptions } from './check-creation.ts'

/** `pnpm stress creation` */
export function addCreationCommand(program: Command): void {
  checkCommand(program, 'creation', 'Of racers with one expected version exactly one wins, on new streams and on existing ones.', [
    '',
    '--racers 16 --rounds 200 --json',
    '--racers 64 --rounds 20 --stores 16',
  ])
    .option('--racers <n>', 'appends to one stream at once', wholeNumber(2, 1_000), 16)
    .option('--rounds <n>', 'rounds; each races for new and existing streams, within one store and over several', wholeNumber(1), 200)
    .option('--stores <n>', 'stores that the racers are spread over', wholeNumber(2, 16), 8)
    .option('--streams <n>', 'streams that are raced for at the same time', wholeNumber(1, 100), 3)
    .action((options: CreationOptions & CommonOptions) =>
      runCheck('creation', options, (database, onStep) => checkCreation(database, options, onStep)),
    )
}
