import type { Command } from '../contracts/command.ts'

/**
 * The life of a stored command.
 *
 * | status | means | entered | left to |
 * |---|---|---|---|
 * | pending | stored, nobody has taken it | upsert, enqueue, or an INSERT of SQL alone | consumed, processed, failed |
 * | consumed | handed to a scheduler | claim, claimDue, handOver, markStatus | pending (given back, or its worker died), processed, failed |
 * | processed | done; `result` is readable | markStatus, an effect in the log, or upsert and enqueue of what took effect before | never |
 * | failed | refused for good, or retries exhausted; `error` is readable | markStatus | processed |
 *
 * The last move is the log's alone: a command that ended as failed and is dispatched again without the store may succeed. With its
 * effect it becomes processed, and its error goes; a result it has none, because nobody is there to write one.
 */
export type CommandStatus = 'pending' | 'consumed' | 'processed' | 'failed'

export const commandStatusMoves: Readonly<Record<CommandStatus, readonly CommandStatus[]>> = {
  pending: ['consumed', 'processed', 'failed'],
  consumed: ['pending', 'processed', 'failed'],
  processed: [],
  failed: [],
}

export interface CommandFailure {
  readonly code: string
  readonly message: string
  readonly retryable: boolean
  readonly details?: Readonly<Record<string, unknown>>
}

export interface StoredCommand {
  readonly command: Command
  readonly status: CommandStatus
  /** How often it was consumed: claimed, or marked so. */
  readonly attempts: number
  /** What it returned; JSON. Undefined where the store could not keep it. */
  readonly result: unknown
  readonly error: CommandFailure | undefined
  /** Not before this time; undefined: at once. */
  readonly dueAt: Date | undefined
  readonly createdAt: Date
  readonly updatedAt: Date
}

export type StatusChange =
  | { readonly status: 'pending' }
  | { readonly status: 'consumed' }
  | { readonly status: 'processed'; readonly result?: unknown }
  | { readonly status: 'failed'; readonly error: CommandFailure }

export interface CommandQuery {
  readonly tenantId: string
  readonly status?: CommandStatus
  readonly type?: string
  readonly aggregateType?: string
  readonly aggregateId?: string
  /** Go on behind this command id, exclusive. */
  readonly after?: string
  /** 1..1,000. @default 100 */
  readonly limit?: number
}

/** Commands as rows with a status. Every change of status is atomic; those asked for here are checked against `commandStatusMoves`. */
export interface CommandStorePort {
  /**
   * Stores a command as pending. The same id with the same content again changes nothing and returns what is stored,
   * so resubmitting a finished command answers with its result; its time stays as it was. One that took effect without being stored
   * is stored as processed, with its result, and never run.
   * @throws CommandIdReusedError when the id was used with other content
   */
  upsert(command: Command, options?: { readonly dueAt?: Date | undefined }): Promise<StoredCommand>
  /**
   * As `upsert`, but stores the command as consumed by somebody who carries it out outside of the store, and makes it so where it is
   * pending; either counts an attempt. Nobody can claim it in between, no worker is given it back, and it holds no other command of its
   * aggregate up: whoever handed it over marks how it ends.
   * @throws CommandIdReusedError when the id was used with other content
   */
  handOver(command: Command): Promise<StoredCommand>
  /**
   * Takes up to `limit` pending commands that are due, oldest first, and marks them consumed; two claimers never get the same one.
   * Counts an attempt on each.
   */
  claim(tenantId: string, limit: number): Promise<readonly StoredCommand[]>
  /** @throws IllegalStatusError when the command is not stored or the move is not allowed */
  markStatus(tenantId: string, id: string, change: StatusChange): Promise<StoredCommand>
  /**
   * Ends a pending command that nobody has ever taken as failed, with `CAIRN_COMMAND_CANCELLED`; whoever takes commands gets it
   * before, or not at all. Answers false, and changes nothing, where somebody took it (though it may be pending again), where it
   * has ended, where its effect is in the log, and where it is not stored.
   */
  withdraw(tenantId: string, id: string): Promise<boolean>
  getById(tenantId: string, id: string): Promise<StoredCommand | undefined>
  /** Ascending by id (UUIDv7 ids: by time), in keyset pages. */
  query(query: CommandQuery): Promise<readonly StoredCommand[]>
  /** Removes a finished command. Returns false when it was not stored. @throws IllegalStatusError when it is not finished */
  delete(tenantId: string, id: string): Promise<boolean>
}
