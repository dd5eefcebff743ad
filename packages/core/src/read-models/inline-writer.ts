import type { RecordedEvent } from '../contracts/event.ts'
import type { Generation } from '../ports/projection-store.port.ts'
import type { RowStorePort } from '../ports/row-store.port.ts'

/** Where one inline projection writes, for as long as an append's transaction lasts. */
export interface InlineTarget {
  /** The live generation; it cannot be switched until the transaction ends. */
  readonly generation: Generation
  /**
   * Rows in the append's own transaction. What `load` was asked for stays locked until it ends, rows that are not there
   * included; `write` does not compare positions, which over several streams are not in the order of the commits.
   */
  readonly rows: RowStorePort
}

/** What event stores call in the transaction of an append: the projections whose rows are there when the append returns. */
export interface InlineWriter {
  /** Full event types that some inline projection reads. Appends without any of them are none of its business. */
  readonly types: ReadonlySet<string>
  /**
   * Called with the recorded events of all appends of a transaction, ascending by position. What it throws fails them all.
   * @throws InlineProjectionError
   */
  write(events: readonly RecordedEvent[], open: (projection: string) => Promise<InlineTarget>): Promise<void>
}
