import { hash } from 'node:crypto'
import { canonicalJson } from './canonical-json.ts'

/**
 * SHA-256, in lower-case hex, of what a command asks for: type, target and payload. Keys of objects are sorted, so
 * two spellings of one payload agree; the command's id, tenant and metadata are left out.
 */
export function hashCommand(command: {
  readonly type: string
  readonly aggregateType: string
  readonly aggregateId: string
  readonly payload: unknown
}): string {
  return hash('sha256', canonicalJson([command.type, command.aggregateType, command.aggregateId, command.payload]), 'hex')
}
