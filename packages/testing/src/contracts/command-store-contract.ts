import { badCommands } from './command-store/bad-commands.ts'
import { claiming } from './command-store/claiming.ts'
import { commandStoreContext, type CommandStoreContext, type CommandStoreFixture } from './command-store/context.ts'
import { handingOver } from './command-store/handing-over.ts'
import { queryingCommands } from './command-store/querying.ts'
import { statuses } from './command-store/statuses.ts'
import { storing } from './command-store/storing.ts'
import { withdrawing } from './command-store/withdrawing.ts'
import type { ContractGroup } from './contract-case.ts'
import { registerContract } from './register-contract.ts'

/** Every promise of `CommandStorePort`, as data. */
export const commandStoreCases: readonly ContractGroup<CommandStoreContext>[] = [
  storing,
  statuses,
  claiming,
  withdrawing,
  handingOver,
  queryingCommands,
  badCommands,
]

/**
 * What every command store must pass. Call it at the top level of a vitest file; `factory` is called once, and each case
 * works with tenants of its own.
 */
export function commandStoreContract(name: string, factory: () => Promise<CommandStoreFixture>): void {
  registerContract(name, commandStoreCases, factory, commandStoreContext)
}
