import type { Command } from 'commander'
import { wholeNumber } from '../cli/numbers.ts'
import { checkCommand, runCheck, type CommonOptions } from '../cli/run-check.ts'
import { checkDedup, type DedupOptions } from './check-dedup.ts'

/** `pnpm stress dedup` */
export function addDedupCommand(program: Command): void {
  checkCommand(program, 'dedup', 'A command id takes effect once: all that send it get the first answer, and other content is refused.', [
    '',
    '--racers 16 --rounds 200 --json',
  ])
    .option('--racers <n>', 'callers that send one command id at once', wholeNumber(2, 1_000), 16)
    .option('--rounds <n>', 'rounds; each on new and existing streams, within one store and over several', wholeNumber(1), 200)
    .option('--stores <n>', 'stores that the racers are spread over', wholeNumber(2, 16), 8)
    .action((options: DedupOptions & CommonOptions) =>
      runCheck('dedup', options, (database, onStep) => checkDedup(database, options, onStep)),
    )
}
