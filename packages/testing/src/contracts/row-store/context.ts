import { uuidv7, type PhysicalTable, type RowStorePort, type TableModel } from '@cairn/core'

/** What a factory hands to the suite. */
export interface RowStoreFixture {
  readonly store: RowStorePort
  /** Makes an empty table of this shape, with a name of its own. */
  make(model: TableModel): Promise<PhysicalTable>
  /** Called once, after the last case. */
  cleanup(): Promise<void>
}

/** What one case gets. The tenants are its own. */
export interface RowStoreContext {
  readonly store: RowStorePort
  make(model: TableModel): Promise<PhysicalTable>
  readonly tenantId: string
  readonly otherTenantId: string
}

export function rowStoreContext({ store, make }: RowStoreFixture): RowStoreContext {
  return { store, make, tenantId: `tenant-${uuidv7()}`, otherTenantId: `other-${uuidv7()}` }
}
