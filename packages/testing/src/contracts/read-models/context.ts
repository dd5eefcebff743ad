import { uuidv7, type ReadModelPort, type RowStorePort, type PhysicalTable } from '@cairn/core'

/** What a factory hands to the suite. */
export interface ReadModelFixture {
  /** Reads `orders` and `sealed` of ./models.ts. */
  readonly models: ReadModelPort
  /** Writes the rows that are read. */
  readonly rows: RowStorePort
  readonly orders: PhysicalTable
  readonly sealed: PhysicalTable
  /** Called once, after the last case. */
  cleanup(): Promise<void>
}

/** What one case gets. The tenants are its own. */
export interface ReadModelContext extends Omit<ReadModelFixture, 'cleanup'> {
  readonly tenantId: string
  readonly otherTenantId: string
}

export function readModelContext(fixture: ReadModelFixture): ReadModelContext {
  return { ...fixture, tenantId: `tenant-${uuidv7()}`, otherTenantId: `other-${uuidv7()}` }
}
