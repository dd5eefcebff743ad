import type { ContractGroup } from './contract-case.ts'
import { readAccess } from './read-models/access.ts'
import { readModelContext, type ReadModelContext, type ReadModelFixture } from './read-models/context.ts'
import { readingRows } from './read-models/reading.ts'
import { registerContract } from './register-contract.ts'

/** Every promise of `ReadModelPort`, as data. */
export const readModelCases: readonly ContractGroup<ReadModelContext>[] = [readingRows, readAccess]

/** What every reader of read models must pass. Call it at the top level of a vitest file; `factory` is called once. */
export function readModelContract(name: string, factory: () => Promise<ReadModelFixture>): void {
  registerContract(name, readModelCases, factory, readModelContext)
}
