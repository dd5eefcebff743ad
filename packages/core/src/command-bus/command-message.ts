import type { Command, ExpectedVersion } from '../contracts/index.ts'
import type { Middleware } from '../middleware/index.ts'
import type { Dispatched } from './dispatched.ts'

/** A command on its way through the middleware of the bus. */
export interface CommandMessage {
  readonly command: Command
  /** The tenant that the call was made for; the command must be of the same one. */
  readonly tenantId: string
  readonly expectedVersion: ExpectedVersion | undefined
  /** True inside a transaction: the result then has no events and no position, because nothing is recorded yet. */
  readonly inTransaction: boolean
}

/** Stands around validation, authorisation and decision of every command. */
export type CommandMiddleware = Middleware<CommandMessage, Dispatched>
