import type { ContractGroup } from './contract-case.ts'
import { claimingDue } from './due-commands/claiming.ts'
import { dueCommandsContext, type DueCommandsContext, type DueCommandsFixture } from './due-commands/context.ts'
import { rawRows } from './due-commands/raw-rows.ts'
import { settling } from './due-commands/settling.ts'
import { registerContract } from './register-contract.ts'

/** Every promise of `DueCommandsPort`, as data. */
export const dueCommandsCases: readonly ContractGroup<DueCommandsContext>[] = [claimingDue, settling, rawRows]

/** What every store of due commands must pass. */
export function dueCommandsContract(name: string, factory: () => Promise<DueCommandsFixture>): void {
  registerContract(name, dueCommandsCases, factory, dueCommandsContext)
}
