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
  /** Written by appends themselves, and by no subscription once it is live. */
  readonly inline: boolean
  readonly tables: readonly PhysicalTable[]
  /** A side build that holds this tenant's rows alone. */
  readonly tenantId?: string | undefined
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
  /** Full event types that it reads; asked for at the switch of an inline one, which no checkpoint follows. @default any */
  readonly types?: readonly string[] | undefined
  /** A side build for `replaceTenant`: this tenant's rows alone, never switched to. */
  readonly tenantId?: string | undefined
}

export interface SwitchOptions {
  /** How long one try waits for the lock on a view, milliseconds. @default 2_000 */
  readonly lockTimeoutMs?: number | undefined
  /** Tries until the switch is given up. @default 20 */
  readonly attempts?: number | undefined
  /** Views of others that depend on ours are dropped and made again; else they refuse the switch. @default false */
  readonly recreateDependents?: boolean | undefined
}

export interface DriftOptions {
  /** The list holds every projection of the code: what the database has of others is extra, and nobody may read it. @default false */
  readonly complete?: boolean | undefined
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
    | 'mode'
    | 'missing-index'
    | 'missing-view'
    | 'policy'
    | 'grants'
  readonly expected: string | undefined
  readonly actual: string | undefined
  /**
   * Indexes, policies, grants and views are repaired in place, and so are columns that the definition got since; everything else
   * needs a rebuild, a column that is lost included.
   */
  readonly remedy: 'repair' | 'rebuild' | 'drop'
}

/** The rules of `lintAccess`. Their names stay, so that a program can filter by them. */
export const accessRules = [
  'row-security-off',
  'row-security-forced',
  'missing-policy',
  'extra-policy',
  'changed-policy',
  'missing-grant',
  'extra-grant',
  'foreign-grant',
  'view-rights',
  'other-owner',
  'undeclared-projection',
  'unowned-table',
] as const
export type AccessRule = (typeof accessRules)[number]

/** Something in the database that lets others read or write than the code says, or keeps out those that it lets in. */
export interface AccessFault {
  readonly rule: AccessRule
  /** Undefined: it belongs to none. */
  readonly projection: string | undefined
  /** The table or view by its own name: `order_summary__v2_g4`. */
  readonly relation: string
  /** A sentence for people. */
  readonly message: string
  /** What to do about it; a sentence. */
  readonly remedy: string
  /** True: `fixAccess` mends it. */
  readonly fixable: boolean
}

export interface AccessOptions {
  /** The list holds every projection of the code: nobody may read what the database has of others. @default false */
  readonly complete?: boolean | undefined
  /** Everything in the schema: the policies of Cairn's own tables, too, and what belongs to no projection. @default false */
  readonly whole?: boolean | undefined
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
  /**
   * Makes the tables of a new generation and its subscription ('rebuilding'); the same plan again finds the build that is under way.
   * @throws SubscriptionVersionError when the live one is of a higher version
   */
  create(plan: GenerationPlan): Promise<Generation>
  /**
   * In one transaction that holds both generations' checkpoints: checks that the new one has reached the old one, points the
   * views at it with their grants, and makes the old one 'previous'. The old one is held first; the new one is given a moment
   * to reach it, so go on feeding it meanwhile.
   * A generation that is live already is left as it is.
   * @throws SubscriptionVersionError when the live one is of a higher version: the way back is `rollback`
   * @throws NotCaughtUpError, DependentViewsError, SwitchBlockedError; nothing is changed then
   */
  switchTo(generation: Generation, options?: SwitchOptions): Promise<void>
  /** Points the views back at the previous generation. @throws NothingToRollBackError */
  rollback(projection: string, options?: SwitchOptions): Promise<Generation>
  /** Drops a generation's tables and subscription. Never the live one. */
  drop(generation: Generation): Promise<void>
  /**
   * Empties a generation's tables and moves its paused subscription back to the start, in one transaction: for a rebuild in
   * place. @throws IllegalStateError while it is not paused
   */
  clear(generation: Generation): Promise<void>
  /**
   * Replaces one tenant's rows by those of a side table, in one transaction, up to the position both stand at. The tenant's
   * parked events are taken off the live generation's list: the new rows have them.
   */
  replaceTenant(live: Generation, side: Generation, tenantId: string): Promise<{ readonly rows: number }>
  /** Rows and a hash over all of them, by table: equal for equal contents in any order. */
  digest(
    generation: Generation,
    tenantId?: string,
  ): Promise<readonly { readonly table: string; readonly rows: number; readonly hash: string }[]>
  /** By projection, table and column. Empty: the database is as the code says. */
  drift(declared: readonly DeclaredProjection[], options?: DriftOptions): Promise<readonly Drift[]>
  /** Repairs what can be repaired in place; answers what it did. */
  repair(declared: readonly DeclaredProjection[], options?: DriftOptions): Promise<readonly Drift[]>
  /**
   * Row-level security, policies, grants and owners of the tables of read models, as they are and as the code has them, by
   * relation and rule; whatever was noted when they were made. Empty: only those read and write that the code lets.
   */
  lintAccess(declared: readonly DeclaredProjection[], options?: AccessOptions): Promise<readonly AccessFault[]>
  /** Mends what can be mended without a rebuild; answers what it mended. */
  fixAccess(declared: readonly DeclaredProjection[], options?: AccessOptions): Promise<readonly AccessFault[]>
  /** Views of others that depend on a projection's views. */
  dependents(projection: string): Promise<readonly string[]>
}
