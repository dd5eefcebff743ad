import type { DispatchOptions, Domain, ProjectionNameOf } from '@cairn/core'

export interface AppDispatchOptions<D extends Domain = Domain> extends DispatchOptions {
  /**
   * Projections whose rows must show what the command led to before it is answered: who reads then, reads their own writes.
   * @default none
   */
  readonly waitFor?: ProjectionNameOf<D> | readonly ProjectionNameOf<D>[] | undefined
  /** How long that may take, milliseconds. @default 5_000 */
  readonly waitTimeoutMs?: number | undefined
}
