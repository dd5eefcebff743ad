import type { LogReaderPort } from '../ports/index.ts'
import type { PumpOperation } from './pump-config.ts'
import type { PumpFilter } from './pump-filter.ts'

/** Which changes are read. */
export interface ChangeSelection {
  readonly schema: string
  readonly table: string
  readonly operations: readonly PumpOperation[]
  readonly filter: PumpFilter | undefined
}

/**
 * The changes of watched tables: a second log, with positions and a horizon of its own. A reader that goes on from `next` misses
 * no change and sees none twice, whatever writers do at the same time; the changes of one row come in the order in which they
 * were made.
 */
export interface ChangeLogPort {
  /** Reads changes as events; see `changeOfEvent`. Types and tenants are not filtered by. */
  reader(selection: ChangeSelection): LogReaderPort
  /** The operations that are recorded of a table; none where it is not watched. */
  watched(schema: string, table: string): Promise<readonly PumpOperation[]>
}
