import {
  isAsync,
  type AggregateTypeOf,
  type AsyncDispatchOptions,
  type CommandTransaction,
  type DecidedCommand,
  type DispatchOptions,
  type Domain,
  type NewCommand,
  type PendingCommand,
} from '@cairn/core'
import type { NewEventsOfType } from './cairn-types.ts'
import type { TenantSql } from './tenant-sql.ts'

/** Commands, reservations and the user's SQL that commit together or not at all. */
export interface CairnTransaction<D extends Domain = Domain> {
  readonly tenantId: string
  /**
   * Puts a command aside in this transaction: once that has committed, it is carried out in the background.
   * @throws as `Cairn.dispatch` with `async`
   */
  dispatch<A extends AggregateTypeOf<D>>(command: NewCommand<string, unknown, A>, options: AsyncDispatchOptions): Promise<PendingCommand>
  /**
   * Decides a command on what the log says and on what this transaction decided before; its events are stored at the end.
   * A refusal leaves the transaction as it was.
   * @throws as `Cairn.dispatch`; a conflict with other writers is thrown by the transaction as a whole
   */
  dispatch<A extends AggregateTypeOf<D>>(
    command: NewCommand<string, unknown, A>,
    options?: DispatchOptions,
  ): Promise<DecidedCommand<NewEventsOfType<D, A>>>
  /** Claims a value that must be unique in its scope. @throws ReservationTakenError; the transaction cannot go on then */
  reserve(scope: string, key: string): Promise<void>
  /** Gives a claimed value back. Returns false when it was not claimed. */
  release(scope: string, key: string): Promise<boolean>
  /** Statements of the user's own, in the same transaction. @throws InvalidInputError in memory */
  readonly sql: TenantSql
}

export function cairnTransaction(tx: CommandTransaction, sqlOf: () => TenantSql): CairnTransaction {
  let sql: TenantSql | undefined
  function dispatch(command: NewCommand, options: AsyncDispatchOptions): Promise<PendingCommand>
  function dispatch(command: NewCommand, options?: DispatchOptions): Promise<DecidedCommand>
  function dispatch(command: NewCommand, options?: DispatchOptions | AsyncDispatchOptions): Promise<DecidedCommand | PendingCommand> {
    return options !== undefined && isAsync(options) ? tx.dispatch(command, options) : tx.dispatch(command, options)
  }
  return {
    tenantId: tx.tenantId,
    dispatch,
    reserve: (scope, key) => tx.reserve(scope, key),
    release: (scope, key) => tx.release(scope, key),
    get sql() {
      sql ??= sqlOf()
      return sql
    },
  }
}
