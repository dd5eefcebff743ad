import { Option, type Command } from 'commander'
import { aboveZero, wholeNumber } from '../cli/numbers.ts'
import { ownServerCommand, runOwnServerCheck, type CommonOptions } from '../cli/run-check.ts'
import { checkOrders, type OrdersOptions } from './check-orders.ts'
import { schedulerKinds } from './child-settings.ts'

/** `pnpm stress orders` */
export function addOrdersCommand(program: Command): void {
  ownServerCommand(
    program,
    'orders',
    'Workers, sender, pump, PostgreSQL and Temporal are killed at random: every order comes to its right end, each effect once.',
    ['', '--scheduler temporal --orders 100 --kills 8 --json', '--scheduler pg-boss', '--orders 40 --kills 2 --plant'],
  )
    .addOption(
      new Option('--scheduler <kind>', 'who carries commands, timers and process managers out').choices(schedulerKinds).default('postgres'),
    )
    .option('--orders <n>', 'orders that are placed', wholeNumber(1), 500)
    .option('--kills <n>', 'kills while they are', wholeNumber(0), 20)
    .option('--ready-within <s>', 'an order that is not ready by then is cancelled, seconds', aboveZero, 15)
    .option('--seed <n>', 'seed of the choices', wholeNumber(0), 1)
    .option('--plant', 'break the steps of process managers, and see the check fail')
    .action((options: OrdersOptions & CommonOptions) =>
      runOwnServerCheck('orders', options, (onStep, endings) => checkOrders(options, onStep, endings)),
    )
}
