import { Option, type Command } from 'commander'
import { wholeNumber } from '../cli/numbers.ts'
import { checkCommand, runCheck, type CommonOptions } from '../cli/run-check.ts'
import { plants } from '../projections/plants.ts'
import { checkProjectionsPause, type ProjectionsPauseOptions } from './check-projections-pause.ts'

/** `pnpm stress projections-pause` */
export function addProjectionsPauseCommand(program: Command): void {
  checkCommand(
    program,
    'projections-pause',
    'A process that is paused in the middle of its work, for longer than its lease, commits nothing of it; others go on in time.',
    ['', '--rounds 3 --failovers 10 --json', '--rounds 1 --failovers 1 --plant no-fence'],
  )
    .option('--rounds <n>', 'pauses at each point', wholeNumber(1), 1)
    .option('--failovers <n>', 'holders that are killed, to measure how long the next one takes', wholeNumber(1), 5)
    .option('--lease <ms>', 'lease of the processes that are paused', wholeNumber(200), 1_000)
    .option('--seed <n>', 'seed of the choices', wholeNumber(0), 1)
    .addOption(new Option('--plant <fault>', 'break the commits of the processes, and see the check fail').choices(plants))
    .action((options: Omit<ProjectionsPauseOptions, 'leaseMs'> & { readonly lease: number } & CommonOptions) =>
      runCheck('projections-pause', options, (database, onStep) =>
        checkProjectionsPause(database, { ...options, leaseMs: options.lease }, onStep),
      ),
    )
}
