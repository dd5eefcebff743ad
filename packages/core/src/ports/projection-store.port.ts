import type { TableModel } from '../read-models/table-model.ts'
import type { PhysicalTable } from './row-store.port.ts'

/** building: not yet visible. live: what the views show. previous: kept for a rollback, and fed. retired: no longer fed. */
export type GenerationState = 'building' | 'live' | 'previous' | 'retired'

/** One build of a projection: its tables, and the subscription that feeds them (same name, same generation). */
export interface Generation {
  readonly projection: string
  /** 1.., each once, over all versions. */
  readonly generation: number
  readonly version: number
  readonly fingerprint: string
  readonly state: GenerationState
  readonly tables: readonly PhysicalTable[]
  readonly createdAt: Date
  readonly switchedAt: Date | undefined
}

export interface GenerationPlan {
  readonly projection: string
  readonly version: number
  readonly fingerprint: string
  readonly partitions: number
  readonly tables: readonly TableModel[]
  /** Everything behind this position is read. @default 0 */
  readonly startAfter?: number
  /** Inline projections are written by the application role. */
  readonly inline: boolean
}

export interface SwitchOptions {
  /** How long one try waits for the lock on a view, milliseconds. @default 2_000 */
  readonly lockTimeoutMs?: number | undefined
  /** Tries until the switch is given up. @default 20 */
  readonly attempts?: number | undefined
  /** Views of others that depend on ours are dropped and made again; else they refuse the switch. @default false */
  readonly recreateDependents?: boolean | undefined
}

/** One difference between what the code says and what the database has. */
export interface Drift {
  readonly projection: string
  readonly table: string
  /** Undefined when it is about the table as a whole. */
  readonly column?: string | undefined
  readonly kind:
    | 'missing-table'
    | 'extra-table'
    | 'missing-column'
    | 'extra-column'
    | 'column-type'
    | 'column-nullability'
    | 'column-case'
    | 'key'
    | 'missing-index'
    | 'missing-view'
    | 'policy'
    | 'grants'
  readonly expected: string | undefined
  readonly actual: string | undefined
  /** added columns, indexes, policies, grants and views are repaired in place; everything else needs a rebuild. */
  readonly remedy: 'repair' | 'rebuild' | 'drop'
}

/** A declared state to compare with: each projection of the code. */
export interface DeclaredProjection {
  readonly name: string
  readonly version: number
  readonly fingerprint: string
  readonly tables: readonly TableModel[]
  readonly inline: boolean
}

/** The tables, views, policies and generations of projections. Needs the schema owner's rights. */
export interface ProjectionStorePort {
  /** All generations, or one projection's, ascending. */
  generations(projection?: string): Promise<readonly Generation[]>
  /** Makes the tables of a new generation and its subscription ('rebuilding'); the same plan again finds the build that is under way. */
  create(plan: GenerationPlan): Promise<Generation>
  /**
   * In one transaction that holds both generations' checkpoints: checks that the new one has reached the old one, points the
   * views at it with their grants, and makes the old one 'previous'.
   * @throws NotCaughtUpError, DependentViewsError, LockTimeoutError
   */
  switchTo(generation: Generation, options?: SwitchOptions): Promise<void>
  /** Points the views back at the previous generation. @throws NothingToRollBackError */
  rollback(projection: string, options?: SwitchOptions): Promise<Generation>
  /** Drops a generation's tables and subscription. Never the live one. */
  drop(generation: Generation): Promise<void>
  /** Replaces one tenant's rows by those of a side table, in one transaction, up to the position both stand at. */
  replaceTenant(live: Generation, side: Generation, tenantId: string): Promise<{ readonly rows: number }>
  /** Rows and a hash over all of them, by table: equal for equal contents in any order. */
  digest(
    generation: Generation,
    tenantId?: string,
  ): Promise<readonly { readonly table: string; readonly rows: number; readonly hash: string }[]>
  drift(declared: readonly DeclaredProjection[]): Promise<readonly Drift[]>
  /** Repairs what can be repaired in place; answers what it did. */
  repair(declared: readonly DeclaredProjection[]): Promise<readonly Drift[]>
  /** Views of others that depend on a projection's views. */
  dependents(projection: string): Promise<readonly string[]>
}
