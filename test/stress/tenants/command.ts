import type { Command } from 'commander'
import { wholeNumber } from '../cli/numbers.ts'
import { checkCommand, runCheck, type CommonOptions } from '../cli/run-check.ts'
import { checkTenants, type TenantsOptions } from './check-tenants.ts'

/** `pnpm stress tenants` */
export function addTenantsCommand(program: Command): void {
  checkCommand(program, 'tenants', "Many tenants' appends share batches, and each tenant finds exactly its own events.", [
    '',
    '--tenants 50 --appends 10000 --json',
  ])
    .option('--tenants <n>', 'tenants', wholeNumber(2, 10_000), 50)
    .option('--appends <n>', 'appends, of one to three events each', wholeNumber(1), 10_000)
    .option('--callers <n>', 'appends under way at the same time', wholeNumber(2, 10_000), 100)
    .option('--seed <n>', 'seed of the choices', wholeNumber(0), 1)
    .action((options: TenantsOptions & CommonOptions) =>
      runCheck('tenants', options, (database, onStep) => checkTenants(database, options, onStep)),
    )
}
