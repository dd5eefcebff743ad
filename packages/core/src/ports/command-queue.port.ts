import type { Command } from '../contracts/command.ts'

/** A command to be carried out by whoever runs stored commands. */
export interface QueuedCommand {
  readonly command: Command
  /** Not before this time, by the store's clock. @default now */
  readonly dueAt?: Date | undefined
}

/**
 * Puts commands aside to be carried out later, inside a transaction that is somebody else's: what is enqueued stands when that
 * commits, and never was when it does not.
 *
 * Order: commands of one aggregate are carried out in the order of their times, and where those are equal, in the order in which
 * they were enqueued.
 */
export interface CommandQueuePort {
  /**
   * Stores commands as pending rows. One whose id is stored with the same content changes nothing: what is done twice leads to one row.
   * @throws CommandIdReusedError when an id was used with other content; the transaction cannot go on then
   * @throws InvalidInputError, PayloadTooLargeError before anything is stored
   */
  enqueue(commands: readonly QueuedCommand[]): Promise<void>
  /**
   * Withdraws commands that nobody has taken yet: they end as failed, with the code CAIRN_COMMAND_CANCELLED. Answers how many;
   * those that are under way, have ended or are not stored stay as they are.
   */
  cancel(tenantId: string, ids: readonly string[]): Promise<number>
}
