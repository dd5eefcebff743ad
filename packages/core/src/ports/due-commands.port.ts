import type { Command } from '../contracts/command.ts'
import type { CommandFailure, StoredCommand } from './command-store.port.ts'

/** One who carries stored commands out. */
export interface CommandWorkerInfo {
  /** A UUID, new at each start. */
  readonly id: string
  /** For people: host and pid. */
  readonly label: string
  /** Full command types that its code knows. */
  readonly types: readonly string[]
}

/** A pending row as a client wrote it, with SQL alone, say: nothing of it was checked. */
export interface RawCommand {
  readonly id: string
  readonly tenantId: string
  readonly type: string
  readonly aggregateType: string | undefined
  readonly aggregateId: string | undefined
  readonly payload: unknown
  readonly metadata: unknown
}

export interface RefusedCommand {
  readonly tenantId: string
  readonly id: string
  readonly error: CommandFailure
}

/** How a run of a claimed command ended. */
export type CommandOutcome = { readonly tenantId: string; readonly id: string } & (
  | { readonly status: 'processed'; readonly result: unknown }
  | { readonly status: 'failed'; readonly error: CommandFailure }
  /** Once more, after so many milliseconds; until then no other command of its aggregate is handed out. */
  | { readonly status: 'retry'; readonly error: CommandFailure; readonly afterMs: number }
  /** Not begun, or not by any fault of its own: as if it had never been claimed, but not before so many milliseconds. */
  | { readonly status: 'returned'; readonly afterMs: number }
  /**
   * Somebody outside of the store carries it out and writes down how it ends. It stays consumed until then, whatever becomes of
   * the worker, and holds no other command of its aggregate up.
   */
  | { readonly status: 'handed' }
)

/**
 * The pending commands of all tenants, for those who carry them out in the background.
 *
 * Order: the commands of one aggregate are handed out ascending by time (`dueAt`, or when they were stored) and number, and as
 * long as one of them is under way or waits for its next try, no other of that aggregate is. So no two workers ever have commands
 * of one aggregate at once.
 */
export interface DueCommandsPort {
  /**
   * Says that the worker lives, for so many milliseconds by the store's clock, and gives back to all the commands of workers that
   * do not live any more; with `unownedAfterMs`, also those that somebody who is no worker consumed so long ago.
   * Answers how many were given back.
   */
  beat(worker: CommandWorkerInfo, leaseMs: number, unownedAfterMs?: number): Promise<number>
  /** The worker is gone; what it holds may be given back at once. */
  leave(workerId: string): Promise<void>
  /**
   * Takes up to `limit` due commands of types that the worker knows, in order, and counts an attempt on each. `raw` tells
   * whether there are rows that were never admitted. Nothing of an aggregate is handed out whose next command is of a type
   * unknown to the worker.
   */
  claimDue(worker: CommandWorkerInfo, limit: number): Promise<{ readonly commands: readonly StoredCommand[]; readonly raw: boolean }>
  /** Rows that were never admitted, of these types; oldest first. */
  raw(types: readonly string[], limit: number): Promise<readonly RawCommand[]>
  /**
   * Settles target, payload and metadata of raw rows. Those that were admitted or refused meanwhile stay as they are, and so do
   * those that the store cannot keep, because they are too large, say: these are answered, with why, and hold no other up.
   */
  admit(commands: readonly Command[]): Promise<readonly RefusedCommand[]>
  /** Ends pending commands as failed that cannot be carried out; those that somebody took, or whose effect is in the log, stay. */
  refuse(commands: readonly RefusedCommand[]): Promise<void>
  /**
   * Commands, raw ones included, that have been due for longer than `graceMs`, of types that no worker knows who lives, or who
   * lived or left less than `graceMs` ago; a grace of more than a day may count as a day. At most `limit`.
   */
  unknown(graceMs: number, limit: number): Promise<readonly Pick<RawCommand, 'id' | 'tenantId' | 'type'>[]>
  /**
   * Writes down how claimed commands ended. One that the worker does not hold any more stays as it is. One whose effect is in
   * the log never ends as failed.
   */
  settle(workerId: string, outcomes: readonly CommandOutcome[]): Promise<void>
}
