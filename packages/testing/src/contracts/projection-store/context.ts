import { uuidv7, type Generation, type GenerationPlan, type ProjectionStorePort, type RowStorePort, type RowValues } from '@cairn/core'
import { counters } from '../row-store/models.ts'

/** What a factory hands to the suite. */
export interface ProjectionStoreFixture {
  readonly store: ProjectionStorePort
  /** A second store over the same data (another process, as far as it can tell), for races. @default `store` */
  readonly rival?: ProjectionStorePort
  readonly rows: RowStorePort
  /** Moves the checkpoints of a generation's subscription, as its feeder does. */
  moveTo(generation: Generation, checkpoint: number): Promise<void>
  /** Rows that readers find under a table's logical name; undefined where there is nothing of that name. */
  visible(table: string): Promise<readonly RowValues[] | undefined>
  /** The states of the subscription that feeds a generation, by partition; empty where it is gone. */
  feeding(generation: Generation): Promise<readonly string[]>
  /** Called once, after the last case. */
  cleanup(): Promise<void>
}

/** What one case gets. The projection, its table and the tenants are its own. */
export interface ProjectionStoreContext extends Omit<ProjectionStoreFixture, 'cleanup' | 'rival'> {
  readonly rival: ProjectionStorePort
  readonly projection: string
  readonly table: string
  readonly tenantId: string
  readonly otherTenantId: string
  /** A plan for the case's projection, with one table of counters. */
  plan(more?: Partial<GenerationPlan>): GenerationPlan
}

export function projectionStoreContext(fixture: ProjectionStoreFixture): ProjectionStoreContext {
  const id = uuidv7().slice(-12)
  const projection = `projection-${id}`
  const table = `counters_${id}`
  return {
    ...fixture,
    rival: fixture.rival ?? fixture.store,
    projection,
    table,
    tenantId: `tenant-${id}`,
    otherTenantId: `other-${id}`,
    plan: (more = {}) => ({
      projection,
      version: 1,
      fingerprint: 'f'.repeat(64),
      partitions: 1,
      tables: [{ ...counters, name: table }],
      inline: false,
      ...more,
    }),
  }
}
