import type { ContractGroup } from './contract-case.ts'
import { registerContract } from './register-contract.ts'
import { rowStoreContext, type RowStoreContext, type RowStoreFixture } from './row-store/context.ts'
import { rowOrder } from './row-store/order.ts'
import { rowValues } from './row-store/values.ts'
import { writingRows } from './row-store/writing.ts'

/** Every promise of `RowStorePort`, as data. */
export const rowStoreCases: readonly ContractGroup<RowStoreContext>[] = [writingRows, rowOrder, rowValues]

/** What every row store must pass. Call it at the top level of a vitest file; `factory` is called once. */
export function rowStoreContract(name: string, factory: () => Promise<RowStoreFixture>): void {
  registerContract(name, rowStoreCases, factory, rowStoreContext)
}
