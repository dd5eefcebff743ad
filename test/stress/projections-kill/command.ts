import { Option, type Command } from 'commander'
import { wholeNumber } from '../cli/numbers.ts'
import { checkCommand, runCheck, type CommonOptions } from '../cli/run-check.ts'
import { plants } from '../projections/plants.ts'
import { checkProjectionsKill, type ProjectionsKillOptions } from './check-projections-kill.ts'

/** `pnpm stress projections-kill` */
export function addProjectionsKillCommand(program: Command): void {
  checkCommand(
    program,
    'projections-kill',
    'A process that is killed anywhere in the middle of its work leaves rows, checkpoints and effects that agree; so does a rebuild.',
    ['', '--rounds 10 --events 20000 --json', '--rounds 1 --plant checkpoint-first'],
  )
    .option('--rounds <n>', 'kills at each point', wholeNumber(1), 3)
    .option('--events <n>', 'events in the log before the last process catches up, at least', wholeNumber(100), 3_000)
    .option('--seed <n>', 'seed of the choices', wholeNumber(0), 1)
    .addOption(new Option('--plant <fault>', 'break the commits of the processes, and see the check fail').choices(plants))
    .action((options: ProjectionsKillOptions & CommonOptions) =>
      runCheck('projections-kill', options, (database, onStep) => checkProjectionsKill(database, options, onStep)),
    )
}
