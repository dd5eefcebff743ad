import type { Command } from '../contracts/index.ts'
import { hashCommand } from '../ids/index.ts'
import type { CommandReceipt } from '../ports/index.ts'

/**
 * What ties a command to its append. Made from the command as it was dispatched, before upcasters, and before defaults where it came as
 * JSON: sent again after a deploy that changed them it is still the same. A factory has filled its defaults in by then.
 */
export function receiptOf(command: Command, audit: boolean): CommandReceipt {
  const hash = hashCommand(command)
  return audit ? { id: command.id, hash, audit: { type: command.type, payload: command.payload } } : { id: command.id, hash }
}
