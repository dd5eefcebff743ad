import type { Command } from '../contracts/index.ts'
import { hashCommand } from '../ids/index.ts'
import type { CommandReceipt } from '../ports/index.ts'

/**
 * What ties a command to its append. Made from the command as it was sent, before defaults and upcasters: the same
 * command sent again after a deploy that changed them is still the same.
 */
export function receiptOf(command: Command, audit: boolean): CommandReceipt {
  const hash = hashCommand(command)
  return audit ? { id: command.id, hash, audit: { type: command.type, payload: command.payload } } : { id: command.id, hash }
}
