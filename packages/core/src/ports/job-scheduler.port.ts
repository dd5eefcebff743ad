import type { Command } from '../contracts/command.ts'
import type { StoredCommand } from './command-store.port.ts'

/** Runs stored commands, now or later, once each. */
export interface JobSchedulerPort {
  /**
   * Stores the command, runs it, and resolves with its final row: `processed` with its result or `failed` with its error.
   * The same command id again joins the first run.
   */
  schedule(command: Command): Promise<StoredCommand>
  /** Withdraws a command that has not started. Returns false when it has, or is not known. */
  cancel(tenantId: string, commandId: string): Promise<boolean>
}
