import type { Command } from '../contracts/command.ts'
import { assertMetadata } from './event-to-store.ts'
import { assertStreamKey, assertTypeName, assertUuid } from './ids.ts'

/** Checks a command's ids, type and metadata; `encodePayload` checks the payload where it makes the text. @throws InvalidInputError */
export function assertCommand(command: Command): void {
  assertStreamKey(command)
  assertUuid('command id', command.id)
  assertTypeName('command type', command.type)
  assertMetadata(command.metadata)
}
