import type { RecordedEvent } from '../../contracts/event.ts'
import type { RowChange } from '../projection-definition.ts'
import type { KeyValue, Values } from './row-shape.ts'

/** An operation on a row that is not in memory yet; its values are checked. */
export type WaitingOperation = { readonly event: RecordedEvent } & (
  | { readonly kind: 'upsert'; readonly row: Values }
  | { readonly kind: 'patch'; readonly changes: Readonly<Values> }
  | { readonly kind: 'increment'; readonly by: Readonly<Values> }
  | { readonly kind: 'update'; readonly change: RowChange }
  | { readonly kind: 'delete' }
  | { readonly kind: 'get'; readonly resolve: (row: Readonly<Values> | undefined) => void; readonly reject: (error: unknown) => void }
)

/** One row's place in the buffer: the row as it stands, or that there is none, or that it is not known yet. */
export interface Cell {
  /** The key as one value, within its tenant. */
  readonly id: KeyValue
  readonly tenantId: string
  readonly key: readonly KeyValue[]
  /** False until it was loaded or set; operations wait until then. */
  known: boolean
  /** Undefined: there is no such row. */
  row: Values | undefined
  /** True while nobody else holds `row`, so that it may be changed in place. */
  owned: boolean
  /** The position of the last event that changed it here. */
  position: number
  /** Changed since the last write. */
  dirty: boolean
  /** Given to a write whose transaction has not ended. */
  writing: boolean
  /** False when the store certainly has no such row. */
  mayBeStored: boolean
  waiting: WaitingOperation[] | undefined
  /** Asked for since the cache was last swept. */
  used: boolean
  /** About what it takes in memory, as of its last commit. */
  bytes: number
}
