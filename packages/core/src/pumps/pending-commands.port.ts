import type { Command } from '../contracts/index.ts'
import type { RawCommand } from '../ports/index.ts'

/** What is known of every pending command. */
interface Pending {
  readonly id: string
  readonly tenantId: string
  readonly type: string
  readonly status: 'pending'
  readonly attempts: number
  readonly createdAt: Date
}

/** A row of the commands table that waits for somebody who carries it out. */
export interface StoredPendingCommand extends Pending {
  /** Undefined in a row that was written with SQL alone, until its target is settled. */
  readonly command: Command | undefined
  /** The row as it was written. */
  readonly raw: RawCommand
}

/** A pending command as a pump gets it. */
export interface PendingCommandRow extends Pending {
  readonly command: Command
}

export interface PendingPage {
  readonly commands: readonly StoredPendingCommand[]
  /** Goes on behind the last of them; undefined where there are none. */
  readonly after: string | undefined
}

/**
 * Pending commands of every tenant that are due and do not wait for a next try, ascending by time (`dueAt`, or when they were
 * stored) and number. Reading them changes nothing.
 */
export interface PendingCommandsPort {
  /** @param after of an earlier page @throws DatabaseUnavailableError */
  pending(limit: number, after?: string): Promise<PendingPage>
}
