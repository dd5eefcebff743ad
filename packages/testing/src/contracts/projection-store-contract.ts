import type { ContractGroup } from './contract-case.ts'
import { comparing } from './projection-store/comparing.ts'
import { projectionStoreContext, type ProjectionStoreContext, type ProjectionStoreFixture } from './projection-store/context.ts'
import { makingGenerations } from './projection-store/making.ts'
import { switching } from './projection-store/switching.ts'
import { registerContract } from './register-contract.ts'

/** The promises of `ProjectionStorePort` that do not depend on how tables are kept, as data. */
export const projectionStoreCases: readonly ContractGroup<ProjectionStoreContext>[] = [makingGenerations, switching, comparing]

/** What every projection store must pass. Call it at the top level of a vitest file; `factory` is called once. */
export function projectionStoreContract(name: string, factory: () => Promise<ProjectionStoreFixture>): void {
  registerContract(name, projectionStoreCases, factory, projectionStoreContext)
}
