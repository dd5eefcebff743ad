import type { Command } from 'commander'
import { wholeNumber } from '../cli/numbers.ts'
import { checkCommand, runCheck, type CommonOptions } from '../cli/run-check.ts'
import { checkHints, type HintsOptions } from './check-hints.ts'

/** `pnpm stress hints` */
export function addHintsCommand(program: Command): void {
  checkCommand(
    program,
    'hints',
    'Without any hint a new event is visible within a poll interval; a listener that is cut off and a small pool freeze nothing.',
    ['', '--probes 200 --poll 500 --cuts 20 --json', '--probes 20 --poll 200 --cuts 5 --slack 300'],
  )
    .option('--probes <n>', 'events whose way into a view is timed', wholeNumber(1), 60)
    .option('--poll <ms>', 'poll interval of the readers', wholeNumber(10), 500)
    .option('--slack <ms>', 'how much more than the poll interval an event may take', wholeNumber(1), 250)
    .option('--cuts <n>', "times that the listener's connection is ended", wholeNumber(1), 20)
    .option('--events <n>', 'events that go through a pool of two connections', wholeNumber(10), 500)
    .option('--seed <n>', 'seed of the choices', wholeNumber(0), 1)
    .option('--plant', 'readers that wake at hints alone: see the check fail')
    .action(({ poll, slack, ...options }: Omit<HintsOptions, 'pollMs' | 'slackMs'> & { poll: number; slack: number } & CommonOptions) =>
      runCheck('hints', options, (database, onStep) => checkHints(database, { ...options, pollMs: poll, slackMs: slack }, onStep)),
    )
}
